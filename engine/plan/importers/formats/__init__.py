"""One importer for each format that other programs draw floors in."""
