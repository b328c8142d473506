"""`rayon cluster`: stores over many machines."""
