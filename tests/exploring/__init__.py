"""`make explore`: how many examples each property was tried with, how long it took, and what came of it."""
