"""What shoppers are after: products that they looked at online or stopped at in a store, and have not bought."""
