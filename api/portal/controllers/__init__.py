"""Controllers that our server calls to let a phone out: one file each."""
