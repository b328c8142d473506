"""`rayon setup`: questions and answers on a terminal, from nothing to a running site."""
