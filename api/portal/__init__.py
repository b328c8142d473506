"""Captive portals: redirects understood, phones let out, and RFC 8908."""
