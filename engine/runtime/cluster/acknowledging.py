"""Which messages a checkpoint contains, and which the broker may be told to forget. No input or output, no clock.

There is no journal here: a message is acknowledged once the checkpoints of all its stores contain it, and until then
the broker is its journal. Between a checkpoint's commit and the broker's hearing of it anything may die, so a message
may come again that a checkpoint contains. Each checkpoint therefore says which messages are in it that might.

**What a message is known by.** The broker sends again under the *packet identifier* of the first time (MQTT 5, 4.4,
[MQTT-4.4.0-1]), to this session, however often it connects and from wherever. An identifier is used again for another
message once it was acknowledged, so a *digest* of topic and payload goes with it. A digest alone would not do: wires
without times of their own say the same thing twice in a minute and mean it twice. A count of messages would not do
either: two stores of a shard are saved at different times, and a vendor's message may be of both. Where a store comes
from another shard its messages have other identifiers here; those that came from shortly before we subscribed on are
then known by their digests, each as often as it was in the checkpoint. A broker that gives new identifiers when it
sends again costs nothing but the duplicates' work: their readings are known one by one (`engine.ingest.time.dedup`).

**How long a name is kept.** Acknowledgements are taken in in the order in which they were given. One that the broker
had not taken in holds its place among the RECEIVE_MAXIMUM messages that may be out. So once as many have come since,
it was taken in, and the message cannot come again. Names are kept for KEEP_S in any case, for another shard's sake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from engine.ingest.mqtt.receiver import Token
from engine.runtime.stored.beside import Beside

RECEIVE_MAXIMUM = 16_384
KEEP_S = 60.0
CLOCKS_APART_S = 5.0
"""Two machines' clocks may differ by so much, when they say when a message came."""
_UNANSWERED = 2**62


class Name(NamedTuple):
    """What a message is known by, in one session. `mid` 0: whatever its identifier, it came to another session."""

    mid: int
    digest: int


def digest_of(topic: str, payload: bytes, key: bytes) -> int:
    """64 bits of both, keyed: what a checkpoint keeps of a message says nothing of what was in it."""
    text = topic.encode("utf-8", "replace")
    head = len(text).to_bytes(4, "little") + text
    return int.from_bytes(blake2b(head + payload, digest_size=8, key=key).digest(), "little")


@dataclass(slots=True)
class _InState:
    at: float  # of its receipt, s UTC
    answered: int = _UNANSWERED  # how many messages had come when it was acknowledged


class StoreMessages(Beside):
    """The messages that one store's state contains and that may come again, by name. Beside it in its checkpoint."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._known: dict[Name, _InState] = {}
        self._others: Counter[int] = Counter()  # digests of what came to the session of another shard
        self._unsaved: list[tuple[int, float]] = []
        self._others_from = -np.inf
        self.restored = False
        """Whether a checkpoint was found that was made in this session."""

    def __len__(self) -> int:
        """Messages that are stepped and in no checkpoint."""
        return len(self._unsaved)

    @property
    def oldest_at(self) -> float | None:
        """When the oldest of them came, s UTC."""
        return self._unsaved[0][1] if self._unsaved else None

    def take_over_from(self, listening_since: float) -> None:
        """The store is about to come from another shard: what we hear of it ourselves began then (s UTC)."""
        self._others_from = listening_since - CLOCKS_APART_S

    def contains(self, name: Name, at: float) -> bool:
        """Whether a checkpoint has this message, received `at`: one that `Unanswered` does not know. What came to
        another session is known once for each time that it came."""
        if name in self._known:
            return True
        if self._others.get(name.digest, 0) > 0:
            self._others[name.digest] -= 1
            self._known[name] = _InState(at)
            return True
        return False

    def step(self, serial: int, name: Name, at: float) -> None:
        """The next step takes this message in; it came `at`."""
        if name.mid:
            self._known[name] = _InState(at)
        self._unsaved.append((serial, at))

    def take_saved(self) -> list[int]:
        """A checkpoint contains all that was stepped: the serial numbers of what was in none."""
        saved, self._unsaved = [serial for serial, _ in self._unsaved], []
        return saved

    def answer(self, name: Name, arrived: int) -> None:
        """It is acknowledged, when `arrived` messages had come."""
        known = self._known.get(name)
        if known is not None:
            known.answered = arrived

    def connect(self, arrived: int) -> None:
        """A new connection: what was acknowledged on the last one may not have been heard."""
        for known in self._known.values():
            if known.answered != _UNANSWERED:
                known.answered = arrived

    def forget(self, arrived: int, now: float) -> None:
        """Drops what cannot come again."""
        while self._known:
            name, known = next(iter(self._known.items()))
            if known.answered + RECEIVE_MAXIMUM > arrived or 0 <= now - known.at < KEEP_S:
                break  # the others came later; one whose other store is not saved yet holds them up
            del self._known[name]

    def state(self) -> dict[str, Any]:
        """See `Beside`."""
        others = list(self._others.elements())
        names = [*self._known, *(Name(0, digest) for digest in others)]
        at = [known.at for known in self._known.values()] + [0.0] * len(others)
        return {
            "messages": {
                "session": self._session,
                "mid": np.array([name.mid for name in names], np.uint16),
                "digest": np.array([name.digest for name in names], np.uint64),
                "at": np.array(at, np.float64),
            }
        }

    def restore(self, tree: Mapping[str, Any]) -> None:
        """See `Beside`."""
        kept = tree.get("messages")
        if kept is None:  # of a single process: its journal had what the broker forgot
            return
        self.restored = kept["session"] == self._session
        for mid, digest, at in zip(kept["mid"].tolist(), kept["digest"].tolist(), kept["at"].tolist(), strict=True):
            if self.restored and mid:
                self._known[Name(mid, digest)] = _InState(at, 0)
            elif self.restored or at >= self._others_from:
                self._others[digest] += 1


@dataclass(slots=True)
class _Message:
    name: Name
    token: Token
    at: float
    stores: set[str]  # whose checkpoints do not contain it
    of: tuple[str, ...]  # all its stores
    lost: set[str] = field(default_factory=set)  # that have it no more, not even in memory


class Answered(NamedTuple):
    """A message that all its stores' checkpoints contain."""

    token: Token
    name: Name
    stores: tuple[str, ...]


class Unanswered:
    """The messages of one session that are taken and not acknowledged, each under a serial number."""

    def __init__(self) -> None:
        self._messages: dict[int, _Message] = {}
        self._serials: dict[Name, int] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def oldest_at(self) -> float | None:
        """When the oldest came, s UTC."""
        return next((message.at for message in self._messages.values()), None)

    def renew(self, name: Name, token: Token) -> tuple[int, set[str]] | None:
        """A message that is here came again, and is answered under its new `token`: its serial number, and the stores
        that had lost it. None where it is not here."""
        serial = self._serials.get(name)
        if serial is None:
            return None
        message = self._messages[serial]
        lost, message.token, message.lost = message.lost, token, set()
        return serial, lost

    def lose(self, store: str) -> None:
        """What this store knew is dropped: it needs its messages once more."""
        for message in self._messages.values():
            if store in message.stores:
                message.lost.add(store)

    def add(self, name: Name, token: Token, at: float, stores: Collection[str]) -> int:
        """A message of these stores, received `at`. Returns its serial number."""
        self._next += 1
        self._messages[self._next] = _Message(name, token, at, set(stores), tuple(stores))
        if name.mid:
            self._serials[name] = self._next
        return self._next

    def name(self, serial: int) -> Name:
        """Of one that is here."""
        return self._messages[serial].name

    def settle(self, store: str, serials: Iterable[int]) -> list[Answered]:
        """This store has no need of these any more. Returns those that no other store needs either: they are gone."""
        done = []
        for serial in serials:
            message = self._messages.get(serial)
            if message is None:
                continue
            message.stores.discard(store)
            if not message.stores:
                del self._messages[serial]
                self._serials.pop(message.name, None)
                done.append(Answered(message.token, message.name, message.of))
        return done

    def of(self, store: str) -> list[int]:
        """The serial numbers of what this store still needs."""
        return [serial for serial, message in self._messages.items() if store in message.stores]
