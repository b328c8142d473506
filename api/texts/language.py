"""Which of our languages a request wants."""

from __future__ import annotations

from typing import Literal

from fastapi import Request

Language = Literal["fr", "en"]


def language(request: Request) -> Language:
    """`?lang=` first, then Accept-Language in its order of preference; French where neither says."""
    asked = request.query_params.get("lang", "").lower()
    if asked in ("fr", "en"):
        return "fr" if asked == "fr" else "en"
    wanted: list[tuple[float, int, str]] = []
    for i, part in enumerate(request.headers.get("accept-language", "").split(",")):
        tag, _, quality = part.strip().lower().partition(";q=")
        try:
            wanted.append((-float(quality or 1), i, tag[:2]))
        except ValueError:
            continue  # not a quality: the tag is left out, as if it were not there
    for _, _, tag in sorted(wanted):
        if tag in ("fr", "en"):
            return "fr" if tag == "fr" else "en"
    return "fr"
