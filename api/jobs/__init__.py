"""What the server does unasked, and when it begins and ends."""
