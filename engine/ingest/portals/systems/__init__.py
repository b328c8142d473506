"""One file per system or family of systems: by what a redirect of theirs is known, and how its phone is let out."""
