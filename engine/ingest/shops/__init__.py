"""What shop systems send, one pure decoder a file, beside those of what access points hear."""
