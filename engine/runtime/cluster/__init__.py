"""One part of a site's stores at work, wherever it runs: it knows no other part, and not who placed it."""
