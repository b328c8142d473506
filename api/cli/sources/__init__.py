"""`rayon sources`: whether other makes' systems are declared rightly, and what comes of them."""
