"""Controllers that say nothing unasked, and clouds that are listened to: asked in turn, with back-off."""
