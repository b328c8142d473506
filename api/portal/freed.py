"""Which addresses in the shop's network were let out, and until when: what RFC 8908 has to say of each.

Held in memory only, as keyed digests, and forgotten when the time is over: nothing of a phone that agreed to nothing is
written down. After a restart an address is taken for captive again until its phone comes by.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from ipaddress import ip_address

from fastapi import Request

from api.context import AppContext
from api.ratelimits import address
from engine.ingest.portals.records import PortalRedirect
from engine.privacy.proofs import address_digest

MOST = 50_000
"""Addresses of one store that are remembered; the oldest go first."""


class FreedAddresses:
    """Digests of addresses by store. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[str, OrderedDict[str, float]] = {}
        self._sent: dict[str, OrderedDict[str, float]] = {}

    def free(self, store: str, digest: str, until: float) -> None:
        """The phone at this address is out until then (s UTC)."""
        self._put(self._until, store, digest, until)

    def send_on(self, store: str, digest: str, until: float) -> None:
        """Its browser was sent to the controller: it is out once it comes back from there."""
        self._put(self._sent, store, digest, until)

    def come_back(self, store: str, digest: str) -> None:
        """A browser came to the page behind the controller's."""
        with self._lock:
            until = self._sent.get(store, OrderedDict()).pop(digest, None)
        if until is not None:
            self.free(store, digest, until)

    def seconds_left(self, store: str, digest: str, now: float) -> int | None:
        """For how long the address is out yet; None where it is not, as far as we know."""
        with self._lock:
            until = self._until.get(store, OrderedDict()).get(digest)
        return None if until is None or until <= now else int(until - now)

    def _put(self, into: dict[str, OrderedDict[str, float]], store: str, digest: str, until: float) -> None:
        with self._lock:
            known = into.setdefault(store, OrderedDict())
            known[digest] = until
            known.move_to_end(digest)
            while len(known) > MOST:
                known.popitem(last=False)


def address_name(ctx: AppContext, request: Request) -> str:
    """The caller's address as a keyed digest of its own purpose; "" where the caller has none."""
    with suppress(ValueError):
        return address_digest(ctx.secrets.derive_key("freed addresses"), address(request))
    return ""


def is_seen_directly(request: Request, redirect: PortalRedirect) -> bool:
    """Whether the caller's address is the phone's own, and not one that all the shop's phones share outside."""
    with suppress(ValueError):
        mine = ip_address(address(request))
        return str(mine) == redirect.client_ip if redirect.client_ip else mine.is_private
    return False
