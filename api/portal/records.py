"""What a controller is asked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.ingest.portals.landing import Fields
from engine.ingest.portals.records import BrowserStep, GuestAccount
from engine.vocabulary import LetOut


@dataclass(frozen=True, slots=True)
class PhoneAsked:
    """Let this phone out. `mac` has colons, and is empty where the redirect names none; `fields` are the redirect's."""

    mac: str = field(repr=False)
    ap: str | None
    site: str
    seconds: int
    account: GuestAccount
    fields: Fields = field(repr=False)

    @property
    def minutes(self) -> int:
        """The same time for controllers that count in minutes, not less."""
        return -(-self.seconds // 60)


@dataclass(frozen=True, slots=True)
class LetOutResult:
    """What became of a phone; `step` where its browser has something to do yet."""

    outcome: LetOut
    step: BrowserStep | None = field(default=None, repr=False)
