"""Whose phone it is: claims, and the proofs that come in."""
