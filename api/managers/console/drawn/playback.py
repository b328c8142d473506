"""The heat of a period moment by moment, on one scale: hours of a few days, days of some weeks, weeks of a year."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from api.managers.console.drawn.drawings import draw_part
from api.managers.console.figures.counts import SpanCounts
from api.managers.overlay import mean_density
from api.managers.spans.days import midnight_of
from api.texts.language import Language
from api.texts.times import clock, short_date

HOURS_UP_TO_DAYS = 3
DAYS_UP_TO = 62
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment: from a time to another, s UTC."""

    from_t: float
    to_t: float

    def say(self, timezone: str, lang: Language) -> str:
        """Its day, with its hour or its last day."""
        day = short_date(self.from_t, timezone, lang)
        length = self.to_t - self.from_t
        if length <= HOUR_S:
            return f"{day}, {clock(self.from_t, timezone)} – {clock(self.to_t, timezone)}"
        return day if length < 36 * HOUR_S else f"{day} – {short_date(self.to_t - 1.0, timezone, lang)}"


def frames_of(counts: SpanCounts) -> list[Moment]:
    """The moments of a span in which there are figures."""
    span = counts.span
    busy = [t for t, spent in counts.sum_spent_by_hour(counts.plan.zone_index).items() if spent > 0]
    if span.days <= HOURS_UP_TO_DAYS:
        return [Moment(t, min(span.local.end(t), span.to_t)) for t in busy]
    length = 1 if span.days <= DAYS_UP_TO else 7
    firsts = [span.first + dt.timedelta(days=i) for i in range(0, span.days, length)]
    frames = []
    for first in firsts:
        begun = midnight_of(first, span.timezone)
        ended = min(midnight_of(first + dt.timedelta(days=length), span.timezone), span.to_t)
        if any(begun <= t < ended for t in busy):
            frames.append(Moment(begun, ended))
    return frames


def draw_frame(counts: SpanCounts, level: str, frame: Moment, frames: list[Moment]) -> str:
    """A moment's heat as SVG, coloured in multiples of the mean of all moments."""
    seconds = sum(f.to_t - f.from_t for f in frames)
    rate = mean_density(counts.heat.levels) / seconds if seconds > 0 else 0.0
    return draw_part(counts, level, (frame.from_t, frame.to_t), rate)
