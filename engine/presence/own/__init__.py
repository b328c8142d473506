"""What a shopper's own stays say of the shopper: for their own eyes."""
