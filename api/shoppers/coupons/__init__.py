"""A coupon as its shopper sees it: the card, the product with its picture, and why it came."""
