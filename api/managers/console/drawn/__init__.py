"""Figures as pictures: plans with heat, bars, bands, moments."""
