"""Shoppers, their phones and their choices."""
