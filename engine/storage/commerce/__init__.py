"""What shop systems told, and what of it waits."""
