"""One machine of a cluster: its Ray processes, what it says of itself, and who looks after both."""
