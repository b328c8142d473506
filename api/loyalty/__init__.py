"""The loyalty programme for those who run it: what it owes, and points that partners give."""
