"""What a shopper has in points, and what they buy."""
