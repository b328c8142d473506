"""Which stores are this engine's, and under which name it asks for them."""
