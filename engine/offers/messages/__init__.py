"""One decision over all channels for whatever a shopper may be told."""
