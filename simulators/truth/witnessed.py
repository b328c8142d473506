"""What was seen of phones and links in a live run, by who people really were: records that judge nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from engine.files.points import EventTable

Opener = Literal["friend", "preview", "self", "neighbour", "farm"]
"""Who opens a shared link: a friend elsewhere, a messenger's bot, the sharer, somebody in the same shop, a farm."""

Answer = Literal["shown", "refused", "lost"]
"""The page was shown; the server said no; or nobody knows, because its answer never came."""


@dataclass(frozen=True, slots=True)
class PhoneEvent:
    """One thing that happened to or through one phone. `t` is epoch seconds."""

    t: float
    device: str
    what: str
    detail: str


@dataclass
class LinkOpening:
    """One opening of a link that `sharer` (a device's name) shared, by one `person`; a bot is a person of its kind.

    `deal` is the campaign that the link is about.
    """

    t: float
    sharer: str
    link: str
    opener: Opener
    person: str
    deal: str = ""
    answer: Answer = "lost"


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A shopper (a device's name) used a coupon of this deal (its campaign). Not `sure`: the till's answer was lost."""

    t: float
    person: str
    deal: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What a phone was told of its points, and when it asked. None: no answer."""

    t: float
    pending: int | None = None
    available: int | None = None


@dataclass
class Witnessed:
    """Everything seen in one run. `asks`: phones ask for their points at the end."""

    asks: bool = False
    events: list[PhoneEvent] = field(default_factory=list)
    openings: list[LinkOpening] = field(default_factory=list)
    redeemed: list[Redeemed] = field(default_factory=list)
    asked: dict[str, Asked] = field(default_factory=dict)

    def table(self) -> EventTable:
        """All events in the order of time."""
        rows = sorted(self.events, key=lambda e: e.t)
        texts = (np.array([getattr(e, name) for e in rows], np.str_) for name in ("device", "what", "detail"))
        return EventTable(np.array([e.t for e in rows], np.float64), *texts)
