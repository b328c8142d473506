"""What one opening brought, in a sentence: how many points, where they are, since when, until when, and why."""

from __future__ import annotations

from collections.abc import Sequence

from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.times import clock, short_date
from engine.storage.loyalty.my_shares import SharePoints
from engine.vocabulary import PointsState


def said_openings(openings: Sequence[SharePoints], timezone: str, lang: Language) -> list[dict[str, str]]:
    """`points`, `state` and `why` of each, for a page."""
    t = words(lang)
    return [
        {
            "points": t.shared.say_count("points", o.points),
            "state": t.points_states[o.state],
            "why": points_why(o, timezone, lang),
        }
        for o in openings
    ]


def points_why(points: SharePoints, timezone: str, lang: Language) -> str:
    """Why these points are where they are."""
    t = words(lang)
    code = "active_sooner" if points.state is PointsState.ACTIVE and points.sooner else str(points.state)
    until = "" if points.until is None else _when(points.until, timezone, lang)
    return t.points_why[code].format(since=_when(points.since, timezone, lang), until=until)


def _when(at: float, timezone: str, lang: Language) -> str:
    return f"{short_date(at, timezone, lang)} {clock(at, timezone)}"
