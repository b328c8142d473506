"""Imported before processes are forked: the site's sentences, which each that serves pages would read anew (0.1 s)."""

from __future__ import annotations

from api.texts.catalogue import words
from api.texts.language import WRITTEN

for language in WRITTEN:
    words(language)
