"""A session at the broker whose topics come and go while it stands: what a shard of stores listens with.

The broker keeps it for days under one name, and gives it to whoever connects under that name last. So nobody connects
before `may_connect` has said that the session is still theirs.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from engine.config import MqttConfig
from engine.ingest.mqtt.receiver import Subscriber

_LOG = logging.getLogger("rayon.mqtt")
_MOST_QUEUED_BYTES = 64 * 1024 * 1024  # not yet taken; beyond it we do not read
_NUMBERS = itertools.count(0, 1 << 32)
"""Where each session of this process begins to number its connections: a token of a session that was given up means
nothing to the one after it, whose message ids begin anew where the broker forgot it."""


class ShardSession(Subscriber):
    """`config` names the session, and says how many messages may be out at once. MQTT 5 only: the broker keeps to that
    number, so reading never has to stop, and a database that is away for an hour costs no connection.

    `expected`: whether the broker ought to know the session, as somebody has worked under its name.
    """

    def __init__(
        self,
        config: MqttConfig,
        topics: Collection[str],
        *,
        expected: bool = False,
        clock: Callable[[], float] = time.time,
        may_connect: Callable[[], bool] = lambda: True,
    ) -> None:
        super().__init__(config, clock=clock, may_connect=may_connect)
        self._wanted, self._expected = frozenset(topics), expected
        self._narrow_topics = ()
        self._asked_in: dict[int, tuple[str, ...]] = {}
        self._standing: frozenset[str] = frozenset()  # asked for on this connection
        self._confirmed = threading.Condition()
        self._heard: frozenset[str] = frozenset()
        self._numbers_from = next(_NUMBERS)
        self.sessions_lost = 0
        """How often the broker had forgotten the session, with all that it held for us."""

    @property
    def connection(self) -> int:
        """The number of the newest connection, as tokens have it."""
        return self._connection

    def listen(self, topics: Collection[str]) -> None:
        """From now on to these topics, and to no other: the new ones are asked for before the old ones are left."""
        self._wanted = frozenset(topics)
        self._link.wake()

    def wait_listening(self, topics: Collection[str], timeout_s: float) -> bool:
        """Waits until the broker has confirmed these topics, or refused them. False where `timeout_s` ends first."""
        with self._confirmed:
            return self._confirmed.wait_for(lambda: self._heard >= frozenset(topics), timeout_s)

    # What follows is called by the link, in its thread.

    def on_open(self, client: Client, connection: int, session_present: bool) -> None:
        """Subscribes to all topics."""
        if not session_present and self._expected:
            self.sessions_lost += 1
            if connection == 1:  # later ones are said below
                _LOG.warning("%s lost our session: readings sent while we were away may be missing", self._broker)
        self._expected = True
        self._standing = self._wanted
        self._topics = tuple(sorted(self._standing))
        super().on_open(client, connection, session_present)
        self._connection = self._numbers_from + connection

    def turn(self, client: Client) -> None:
        """Asks for what is new and leaves what is no longer wanted."""
        super().turn(client)
        wanted = self._wanted
        if wanted == self._standing or self.state.name != "connected":
            return
        self._subscribe(client, tuple(sorted(wanted - self._standing)))
        left = sorted(self._standing - wanted)
        if left:
            client.unsubscribe(left)
        self._standing = wanted
        with self._confirmed:
            self._heard &= wanted

    def may_read(self) -> bool:
        """False while too much is queued: what the broker may send is bounded, but not how long each message is."""
        return self._queue_bytes < _MOST_QUEUED_BYTES

    def on_close(self) -> None:
        """Nothing is confirmed any more."""
        super().on_close()
        self._asked_in.clear()
        with self._confirmed:
            self._heard = frozenset()

    def _subscribe(self, client: Client, topics: tuple[str, ...]) -> int | None:
        mid = super()._subscribe(client, topics) if topics else None
        if mid is not None:
            self._asked_in[mid] = topics
        return mid

    def _on_subscribe(
        self, client: Client, userdata: Any, mid: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        asked = self._asked = self._asked_in.pop(mid, ())
        super()._on_subscribe(client, userdata, mid, reasons, properties)
        with self._confirmed:
            self._heard |= frozenset(asked) & self._wanted
            self._confirmed.notify_all()
