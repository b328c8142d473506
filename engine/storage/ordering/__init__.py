"""What shoppers ask the e-shop for: asked once, sent after commit, answered by its orders."""
