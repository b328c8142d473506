"""What sends frames to the broker: a simulator, a replayed recording, a controller's bridge. QoS 1, flow-controlled."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum

from paho.mqtt.client import Client, MQTTMessage

from engine.errors import OperatorError, Problem
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.link import UNHEARD, Identity, Link, LinkName, LinkState

_QOS = 1


class Delivered(StrEnum):
    """What became of a message."""

    TAKEN = "taken"
    NO_ENGINE = "no_engine"  # nobody listens and no session waits: the broker forgot it (MQTT 5 says so)
    BROKER_AWAY = "broker_away"  # not confirmed in time, or refused


class Publisher:
    """Publishes in order, at least once, with at most `max_inflight` messages that the broker has not confirmed.

    A lost connection is waited for and what was not confirmed is sent again, so a receiver may see doubles. Messages
    live in this process's memory only: `close` says how many never made it.
    """

    def __init__(self, broker: Broker, *, client_id: str | None = None, max_inflight: int = 100) -> None:
        self._broker = broker
        self._max_inflight = max_inflight
        identity = Identity(client_id or f"rayon-publisher-{secrets.token_hex(6)}", clean=True)
        self._link = Link(broker, identity, self)
        self._changed = threading.Condition()
        self._pending: dict[int, tuple[str, bytes]] = {}  # by serial number, in order
        self._unsent: deque[int] = deque()
        self._serial_of: dict[int, int] = {}  # message id on this connection to serial number
        self._serial = 0
        self._awaited: dict[int, str | None] = {}  # serial to refusal, of those that somebody waits for
        self._told: dict[int, Callable[[Delivered], None]] = {}  # by serial, of those that somebody is told about
        self.refused = 0
        """Messages the broker took and threw away, by its access rules or quota (MQTT 5 says so)."""

    @property
    def state(self) -> LinkState:
        """Where the connection stands, and since when."""
        return self._link.state

    def start(self, timeout_s: float = 0.0) -> None:
        """Starts connecting. With `timeout_s`, waits for the broker; raises OperatorError where it is not reached."""
        self._link.start()
        if timeout_s <= 0:
            return
        state = self._link.wait((LinkName.CONNECTED, LinkName.REFUSED), timeout_s)
        if state.name is not LinkName.CONNECTED:
            self.close(0.0)
            fix = "check user name and password" if state.name is LinkName.REFUSED else "is the broker running?"
            raise OperatorError([Problem("--mqtt", str(self._broker), state.reason or "no answer", fix)])

    def publish(self, topic: str, payload: bytes, timeout_s: float | None = None) -> None:
        """Queues a message, waiting while `max_inflight` are unconfirmed. Raises TimeoutError after `timeout_s`."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._pending) < self._max_inflight, timeout_s):
                raise TimeoutError(f"{self._broker} has not confirmed {len(self._pending)} messages")
            self._serial += 1
            self._pending[self._serial] = (topic, payload)
            self._unsent.append(self._serial)
        self._link.wake()

    def deliver(self, topic: str, payload: bytes, timeout_s: float) -> Delivered:
        """Publishes and waits until the broker has confirmed it. BROKER_AWAY where `timeout_s` ends first, or the
        broker took it and threw it away: it may come late, and twice."""
        until = time.monotonic() + timeout_s
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._pending) < self._max_inflight, timeout_s):
                return Delivered.BROKER_AWAY
            self._serial += 1
            serial = self._serial
            self._pending[serial] = (topic, payload)
            self._awaited[serial] = None
            self._unsent.append(serial)
        self._link.wake()
        with self._changed:
            self._changed.wait_for(lambda: serial not in self._pending, max(until - time.monotonic(), 0.0))
            refusal = self._awaited.pop(serial)
        return _became(refusal)

    def begin(self, topic: str, payload: bytes, told: Callable[[Delivered], None]) -> int | None:
        """Publishes without waiting: `told` hears what became of it, in the link's thread, and must be quick. The
        message's number, for `leave`; None while `max_inflight` are not confirmed."""
        with self._changed:
            if len(self._pending) >= self._max_inflight:
                return None
            self._serial += 1
            serial = self._serial
            self._pending[serial] = (topic, payload)
            self._told[serial] = told
            self._unsent.append(serial)
        self._link.wake()
        return serial

    def leave(self, serial: int) -> None:
        """Nobody waits for a message of `begin` any more: it may come late, and twice."""
        with self._changed:
            self._told.pop(serial, None)

    def flush(self, timeout_s: float | None = None) -> bool:
        """Waits until everything is confirmed. False where `timeout_s` ends first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._pending, timeout_s)

    def close(self, timeout_s: float = 30.0) -> int:
        """Flushes, disconnects, and returns how many messages were never confirmed."""
        self.flush(timeout_s)
        self._link.stop()
        return len(self._pending)

    # What follows is `Traffic`: called by the link, in its thread.

    def on_open(self, client: Client, connection: int, session_present: bool) -> None:
        """Sends again, in order, what the last connection did not confirm."""
        with self._changed:
            self._serial_of.clear()
            self._unsent = deque(self._pending)

    def on_message(self, message: MQTTMessage) -> None:
        """Nothing is subscribed to."""

    def on_publish(self, mid: int, refusal: str) -> None:
        """One message is the broker's now."""
        with self._changed:
            serial = self._serial_of.pop(mid, 0)
            if self._pending.pop(serial, None) is not None:
                self.refused += bool(refusal) and refusal != UNHEARD
                if serial in self._awaited:
                    self._awaited[serial] = refusal
                self._changed.notify_all()
            told = self._told.pop(serial, None)
        if told is not None:
            told(_became(refusal))

    def turn(self, client: Client) -> None:
        """Hands paho what is not sent yet; paho keeps to the broker's Receive Maximum."""
        if self.state.name is not LinkName.CONNECTED:
            return
        with self._changed:
            while self._unsent:
                serial = self._unsent.popleft()
                topic, payload = self._pending[serial]
                self._serial_of[client.publish(topic, payload, _QOS).mid] = serial

    def may_read(self) -> bool:
        """Confirmations are always read."""
        return True

    def is_stalled(self) -> bool:
        """Never: nothing is consumed here."""
        return False

    def on_close(self) -> None:
        """The next connection starts with what is pending."""


def _became(refusal: str | None) -> Delivered:
    """What a refusal means; None where none came in time."""
    if refusal == UNHEARD:
        return Delivered.NO_ENGINE
    return Delivered.TAKEN if refusal == "" else Delivered.BROKER_AWAY


def wait_until(when: float) -> None:
    """Sleeps until `when`, on the monotonic clock of `time.monotonic`. Returns at once where that is past."""
    pause = when - time.monotonic()
    if pause > 0:
        time.sleep(pause)
