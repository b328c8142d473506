"""Plans of ours in formats that other programs read."""
