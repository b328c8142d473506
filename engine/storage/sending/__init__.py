"""What waits to be sent, and to where: e-mail, phones that asked for push, and the keys that we sign it with."""
