"""Which access point a source means: by its id, by one of its addresses, or by an address beside one of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

_MAC = re.compile(r"[0-9a-f]{12}")
BLOCK_DIGITS = 11
"""The BSSIDs of one radio differ in the last hex digit: what comes before it is the radio's own."""


class ApIndex(dict[str, int]):
    """Key of each access point (`ap_key` of its id and `macs`) to its index in the plan.

    Its items are what the plan says, no more. Asked for an address that the plan does not hold, it answers with the
    radio that it belongs to: a plan seldom lists the BSSID of every network name, and a radio's BSSIDs differ in the
    last hex digit. Where two access points of the plan share the other eleven (small senders are numbered one by one),
    only the addresses of the plan are theirs.
    """

    def __init__(self, keys: Iterable[tuple[str, int]]) -> None:
        super().__init__(keys)
        owners: dict[str, set[int]] = {}
        for key, index in self.items():
            if _MAC.fullmatch(key):
                owners.setdefault(key[:BLOCK_DIGITS], set()).add(index)
        self._radios = {block: min(found) for block, found in owners.items() if len(found) == 1}

    def __missing__(self, key: str) -> int:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return int(found)

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.get(key) is not None

    def get(self, key: str, default: Any = None) -> Any:
        """The index of the access point that `key` (as `ap_key` spells it) names; `default` where it names none, or
        may be one of several."""
        found = super().get(key)
        if found is not None:
            return found
        if len(key) == BLOCK_DIGITS + 1 and key[:BLOCK_DIGITS] in self._radios and _MAC.fullmatch(key):
            return self._radios[key[:BLOCK_DIGITS]]
        return default
