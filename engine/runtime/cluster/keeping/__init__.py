"""The keeper: holds the table of shards against the actors there are, and mends what differs."""
