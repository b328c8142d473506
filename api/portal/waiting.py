"""Phones that an openNDS gateway is to let out at levels 3 and 4: it comes and asks, every few seconds.

The protocol is that of openNDS' `authmon`: `auth_get` is `clear` (at its start), `view` or `list`, or a note that wants
an `ack`. A phone is listed until the gateway says that it let it out. A line of the list is
`rhid sessionlength uploadrate downloadrate uploadquota downloadquota custom`, escaped.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections import OrderedDict
from urllib.parse import quote

WAIT_S = 600.0  # a gateway that has not asked for so long will not let this phone out any more
MOST = 2_000  # of one gateway
MOST_GATEWAYS = 200
EMPTY, ACK = "*", "ack"


class WaitingLists:
    """Lists by store and gateway, in memory. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lists: OrderedDict[tuple[str, str], OrderedDict[str, tuple[float, str]]] = OrderedDict()

    def add(self, store: str, gateway: str, rhid: str, minutes: int, now: float) -> None:
        """Puts a phone on the gateway's list."""
        with self._lock:
            mine = self._lists.setdefault((store, gateway), OrderedDict())
            mine[rhid] = (now + WAIT_S, f"{rhid} {minutes} 0 0 0 0 rayon")
            while len(mine) > MOST:
                mine.popitem(last=False)
            while len(self._lists) > MOST_GATEWAYS:
                self._lists.popitem(last=False)

    def answer(self, store: str, gateway: str, action: str, payload: str, now: float) -> str:
        """What the gateway gets for what it asks."""
        if action in ("deauthed", "custom"):
            return ACK
        with self._lock:
            mine = self._lists.get((store, gateway), OrderedDict())
            if action == "clear":
                mine.clear()
                return ""
            done = _read_acknowledged(payload)
            if action == "view" and done is not None:
                for rhid in done:
                    mine.pop(rhid, None)
                return ACK
            for rhid in [rhid for rhid, (until, _) in mine.items() if until <= now]:
                del mine[rhid]
            lines = [quote(line, safe="") for _, line in mine.values()]
            return " ".join([EMPTY, *lines])


def _read_acknowledged(payload: str) -> list[str] | None:
    """The phones that the gateway says it let out; None where it asks, and says nothing."""
    try:
        text = base64.b64decode(payload.replace(" ", "+"), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return None if text.strip() in ("", "none") else [rhid for rhid in text.split() if rhid != EMPTY]
