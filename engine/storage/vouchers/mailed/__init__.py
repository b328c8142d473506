"""Coupons that are sent by e-mail to people who need not be in the shop."""
