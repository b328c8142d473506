"""Which shard runs which store on which node: pure functions of what is, that say what to change."""
