"""The loyalty programme of a running site: where shops, people, points and coupons meet."""
