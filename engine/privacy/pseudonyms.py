"""MAC addresses into keyed 64-bit pseudonyms, at the door.

Two kinds, both the first 64 bits of an HMAC-SHA256 (RFC 2104) keyed with secrets of the site:

* **stable**, under the site key, for devices whose shopper consented: they are recognised on their next visit;
* **daily**, under the salt of the store's day (`engine.privacy.nights`), for everybody else: tomorrow's pseudonym of
  the same device has nothing in common with today's. The salt is held for its day only.

What is memoised stays in this process's memory, is bounded, and is dropped when the day or the consents change.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice

import numpy as np

from engine.privacy.nights import Nights, SaltDay
from engine.records import U64, DeviceId

BACK_S = 3600
"""A clock that is put back by less than this does not bring yesterday back: the salt that was begun is gone on with."""
OPTED_OUT = 2**64 - 1
"""The name of every phone whose owner opted out: nothing is read of it, and nothing counted."""
SINGLE_MAX = 10_000  # MACs asked for alone whose stable pseudonyms are at hand, in memory
NOT_A_MAC = 0
"""What `Pseudonyms.many` says for a text that is no MAC. No device ever has this pseudonym."""

_SPELLINGS = re.compile(
    r"[0-9a-f]{12}|[0-9a-f]{2}(?::[0-9a-f]{2}){5}|[0-9a-f]{2}(?:-[0-9a-f]{2}){5}|[0-9a-f]{4}(?:[.:-][0-9a-f]{4}){2}"
)
_NO_SEPARATORS = str.maketrans("", "", ":-.")
_LONGEST_SPELLING = 17


def normal_mac(text: str) -> str:
    """A MAC in any usual spelling as 12 lower-case hexadecimal digits.

    Accepts `aa:bb:cc:00:00:01`, `AA-BB-CC-00-00-01`, `aabb.cc00.0001` and `aabbcc000001`, with spaces around. Raises
    ValueError for anything else; the message does not repeat the text, which might be somebody's MAC.
    """
    lower = text.strip().lower()
    if len(lower) > _LONGEST_SPELLING or not _SPELLINGS.fullmatch(lower):
        raise ValueError("not a MAC address")
    return lower.translate(_NO_SEPARATORS)


def _first_64_bits(key: bytes, message: bytes) -> int:
    # 0 means "not a MAC" in columns; the one HMAC in 2**64 that begins so is moved aside.
    return int.from_bytes(hmac.digest(key, message, "sha256")[:8], "big") or 1


class Pseudonyms:
    """Turns MACs into pseudonyms of one store: stable for the consented, of the day for all others.

    `site_key` is at least 16 secret bytes. `now` (seconds UTC) sets the day, one of `nights`; `start_day` moves it. At
    most `memo_size` spellings are remembered; the oldest go first. One instance belongs to one thread.

    `salt_of` gives the salt of a day: a running engine takes `engine.privacy.salts.DailySalts`, whose salts are
    destroyed. Without it salts are derived from the site key, which is for tests and work on recordings.
    """

    def __init__(
        self,
        site_key: bytes,
        now: float = 0.0,
        *,
        nights: Nights | None = None,
        salt_of: Callable[[SaltDay], bytes] | None = None,
        memo_size: int = 30_000,
    ) -> None:
        if len(site_key) < 16:
            raise ValueError("the site key has fewer than 16 bytes")
        self._stable_key = hmac.digest(site_key, b"rayon stable device", "sha256")
        self._salt_key = hmac.digest(site_key, b"rayon salt of the day", "sha256")
        self._memo_size = max(memo_size, 4)
        self._memo: dict[str, int] = {}
        self._consented: frozenset[int] = frozenset()
        self._opted_out: frozenset[int] = frozenset()
        self._stable_names: dict[int, DeviceId] = {}
        self._watched: frozenset[int] = frozenset()
        self._goes_as: dict[DeviceId, int] = {}
        self._nights = nights or Nights()
        self._day = self._nights.day(now)
        self._salt_of = salt_of or self._derive_salt
        self._salt = self._salt_of(self._day)

    def __repr__(self) -> str:
        return f"Pseudonyms(day={self._day.begins_at}, consented={len(self._consented)}, remembered={len(self._memo)})"

    def __call__(self, mac: str) -> DeviceId:
        """The pseudonym of one MAC, stable or of the day. Raises ValueError where `mac` is none."""
        known = self._memo.get(mac)
        if known is None:
            known = self._derive(mac)
            self._remember({mac: known})
        if len(self._stable_names) >= SINGLE_MAX:
            self._stable_names.clear()
        self._stable_names[known] = self.stable(mac)
        return DeviceId(known)

    def stable_name(self, device: DeviceId) -> DeviceId | None:
        """The stable pseudonym of a device whose MAC was asked for alone (a session message does, readings do not)
        since the salt turned; None where it was not. It is what an opt-out is kept by."""
        return self._stable_names.get(int(device))

    def many(self, macs: Sequence[str]) -> U64:
        """The pseudonyms of a batch, shape (n,), in its order; `NOT_A_MAC` (0) where a text is no MAC."""
        memo = self._memo
        fresh: dict[str, int] = {}
        spoilt = False
        for mac in set(macs).difference(memo):
            try:
                fresh[mac] = self._derive(mac)
            except ValueError:
                spoilt = True
        if not fresh and not spoilt:
            return np.fromiter(map(memo.__getitem__, macs), np.uint64, len(macs))
        found = [memo[mac] if mac in memo else fresh.get(mac, NOT_A_MAC) for mac in macs]
        self._remember(fresh)
        return np.array(found, np.uint64)

    def stable(self, mac: str) -> DeviceId:
        """The stable pseudonym, whatever the consents: what sign-in links a shopper's profile to.

        Raises ValueError where `mac` is none.
        """
        return DeviceId(_first_64_bits(self._stable_key, normal_mac(mac).encode()))

    def refresh(self, consented: Collection[int]) -> None:
        """Takes the stable pseudonyms of the devices that may be recognised. Anyone who left the set is daily again."""
        wanted = frozenset(int(device) for device in consented)
        if wanted != self._consented:
            self._consented = wanted
            self._memo.clear()

    def leave_out(self, opted_out: Collection[int]) -> frozenset[int]:
        """Takes the stable pseudonyms of phones that are to be counted in nothing; all of them are `OPTED_OUT`.

        Returns the names under which those that are new have gone so far, as far as they are remembered.
        """
        wanted = frozenset(int(device) for device in opted_out)
        if wanted == self._opted_out:
            return frozenset()
        fresh, memo = wanted - self._opted_out, self._memo
        went_as = {name for mac, name in memo.items() if int(self.stable(mac)) in fresh} if fresh else set()
        self._opted_out, self._memo = wanted, {}
        return frozenset(went_as - {OPTED_OUT}) | fresh

    def watch(self, claimed: Collection[int]) -> None:
        """Takes the stable pseudonyms of phones that somebody claims and has yet to prove. They stay daily; `goes_as`
        says, once they have been heard, under which pseudonym."""
        wanted = frozenset(int(device) for device in claimed)
        self._goes_as = {device: daily for device, daily in self._goes_as.items() if int(device) in wanted}
        if wanted - self._watched:
            self._memo.clear()
        self._watched = wanted

    @property
    def goes_as(self) -> dict[DeviceId, int]:
        """The watched phones that were heard since they are watched: under which pseudonym each goes today."""
        return dict(self._goes_as)

    def start_day(self, now: float) -> dict[int, int]:
        """Moves to the day of `now` and forgets the salt of any other; within the day it does nothing.

        Where one day follows the other, it returns the new name of each device that is still remembered under an old
        one: whoever is in the store at that moment can go on under it. Nobody can work it out afterwards.
        """
        if self._day.begins_at - BACK_S <= now < self._day.ends_at:
            return {}
        before, old = self._day, self._memo
        day = self._nights.day(now)
        self._salt = self._salt_of(day)
        self._day, self._memo, self._stable_names = day, {}, {}
        if day.begins_at != before.ends_at:
            return {}
        fresh = {mac: self._derive(mac) for mac in old}
        return {old[mac]: name for mac, name in fresh.items() if name != old[mac]}

    def _derive_salt(self, day: SaltDay) -> bytes:
        return hmac.digest(self._salt_key, str(day.begins_at).encode(), "sha256")

    def _derive(self, mac: str) -> int:
        bare = normal_mac(mac).encode()
        stable = _first_64_bits(self._stable_key, bare)
        if stable in self._opted_out and stable not in self._watched:
            return OPTED_OUT  # one that is claimed again has an owner who wants to be known
        known_as = stable if stable in self._consented else _first_64_bits(self._salt, bare)
        if stable in self._watched:
            self._goes_as[DeviceId(stable)] = known_as
        return known_as

    def _remember(self, fresh: dict[str, int]) -> None:
        memo = self._memo
        memo.update(islice(fresh.items(), self._memo_size))
        surplus = len(memo) - self._memo_size
        if surplus > 0:  # a quarter at once, so that a flood of random MACs does not evict at every frame
            _drop(memo, list(islice(memo, max(surplus, self._memo_size // 4))))


def _drop(memo: dict[str, int], keys: Iterable[str]) -> None:
    for key in keys:
        del memo[key]
