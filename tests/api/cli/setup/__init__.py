"""Tests of `rayon setup`."""
