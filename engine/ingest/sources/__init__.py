"""Systems of other makes: what the configuration says of them, and what their messages become in a store."""
