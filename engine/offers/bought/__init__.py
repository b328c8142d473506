"""Vouchers that points buy."""
