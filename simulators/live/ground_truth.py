"""What people did with phones and links in a live run, by who they really were: what no server can know.

The witness looks on and judges nothing; `simulators.truth.points` says what follows from it by the rules.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from simulators.truth.witnessed import LinkOpening, Opener, PhoneEvent, Redeemed, Witnessed


@dataclass
class Witness(Witnessed):
    """Sees one run while it goes on, by the wall clock."""

    wall: Callable[[], float] = time.time
    _persons: int = 0

    def note(self, device: str, what: str, detail: str = "") -> None:
        """Something happened, now."""
        self.events.append(PhoneEvent(self.wall(), device, what, detail))

    def somebody(self, kind: str) -> str:
        """A name for a person who was not seen before."""
        self._persons += 1
        return f"{kind}-{self._persons}"

    def opening(self, sharer: str, link: str, opener: Opener, person: str, deal: str = "") -> LinkOpening:
        """A request for a link's page is about to be made. Whoever makes it says what was answered."""
        begun = LinkOpening(self.wall(), sharer, link, opener, person, deal)
        self.openings.append(begun)
        return begun

    def redemption(self, person: str, deal: str, *, sure: bool = True) -> None:
        """The till has taken somebody's coupon, just now."""
        self.redeemed.append(Redeemed(self.wall(), person, deal, sure))
