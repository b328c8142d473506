"""Which product fits a shopper, learnt of the store's own coupons."""
