"""Controllers and clouds that push: receivers of other makes' systems."""
