"""`rayon portal`: redirects of captive portals."""
