"""What vendors' controllers pass on of what was heard: phones under the access points' MACs, on topics of ours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulators.people.phones import colon_mac
from simulators.world import Heard


class WireNames:
    """The names of a world for a vendor's wire. No vendor tells how access points hear one another: `of_phones` leaves
    those rows out. MACs are lower case, with colons."""

    def __init__(self, macs: Sequence[str], aps: Sequence[str]) -> None:
        own = {*aps}
        self.is_ap = np.array([mac in own for mac in macs], np.bool_)
        self.aps = [colon_mac(ap) for ap in aps]
        self.macs = [mac if is_ap else colon_mac(mac) for mac, is_ap in zip(macs, self.is_ap.tolist(), strict=True)]

    def of_phones(self, heard: Sequence[Heard]) -> Heard:
        """The rows of phones."""
        every = Heard.concat(heard)
        return every.take(~self.is_ap[every.device])


def topic_of(kind: str, store: str) -> str:
    """Where the bodies of a system that has no MQTT of its own go: `in/KIND/STORE`, for a source that is told so."""
    return f"in/{kind}/{store}"
