"""Captive portals: what the redirect says with which a network sends a phone to the sign-in page. Pure."""
