"""Campaigns of HQ in the database: given to stores, kept within their limits and within what stores share."""
