"""From the web into the store and back: who looked at a product online, stopped at it, and bought it."""
