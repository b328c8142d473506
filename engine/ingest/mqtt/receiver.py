"""The engine's ear at the broker: frames in, acknowledged only when they are handled; events out, never in the way.

At-least-once, end to end: the session is persistent, QoS is 1, and a frame is acknowledged when the consumer says that
it is safe (journalled), not when it arrives. What was not acknowledged, the broker sends again, to the next connection
or to the next process.

Back-pressure: with MQTT 5 the broker has at most `queue_frames` unacknowledged frames out to us (Receive Maximum) and
holds the rest. MQTT 3.1.1 has no such word; there we stop reading while as many are out, and give the connection up
(the session stays) when nothing is consumed for a whole keep-alive. QoS 0 frames cannot be held back: those that find
the queue full are dropped and counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from engine.config import MqttConfig
from engine.ingest.mqtt.broker import Broker
from engine.ingest.mqtt.link import UNHEARD, Identity, Link, LinkName, LinkState
from engine.ingest.mqtt.publisher import Publisher

__all__ = ["Publisher", "RawFrame", "Subscriber", "Token"]

_LOG = logging.getLogger("rayon.mqtt")
_MAX_QUEUE_BYTES = 64 * 1024 * 1024  # not yet taken; beyond it we do not read
_MAX_OUTGOING = 1_000  # events on their way; beyond it they are dropped
_QOS = 1


class Token(NamedTuple):
    """What to acknowledge a frame with. A message id means something on its own connection only; 0 needs no answer."""

    connection: int
    mid: int


class RawFrame(NamedTuple):
    """A message as it arrived; `received_at` is seconds UTC. A retained one was kept by the broker from before we
    asked, nobody knows since when."""

    topic: str
    payload: bytes
    received_at: float
    token: Token
    retained: bool = False


class Subscriber:
    """A persistent subscription with a bounded queue. `take` and `acknowledge` may be called from any thread.

    It subscribes to `rayon/+/{kind}/+`, so that frames of unknown stores are seen and counted. Where the broker's
    access rules refuse that, it subscribes to the topics of `stores`, one by one. `also` are patterns of vendors.
    """

    def __init__(
        self,
        config: MqttConfig,
        stores: Sequence[str] = (),
        *,
        kinds: Sequence[str] = ("readings", "replay", "sessions", "labels", "in"),
        also: Sequence[str] = (),
        broker: Broker | None = None,
        clock: Callable[[], float] = time.time,
        may_connect: Callable[[], bool] = lambda: True,
    ) -> None:
        self._config = config
        self._broker = broker or Broker.from_config(config)
        self._topics = (*(f"rayon/+/{kind}/+" for kind in kinds), *also)
        self._narrow_topics = (*(f"rayon/{store}/{kind}/+" for store in stores for kind in kinds), *also)
        self._clock = clock
        self._holds_back = self._broker.protocol == "5"  # the broker does, so that we need not
        identity = Identity(
            config.client_id or "rayon-engine",
            session_expiry_s=config.session_expiry_s,
            receive_maximum=config.queue_frames,
        )
        self._link = Link(self._broker, identity, self, may_connect=may_connect)
        self._arrived = threading.Condition()
        self._queue: deque[RawFrame] = deque()
        self._queue_bytes = 0
        self._connection = 0
        self._subscribed = threading.Event()
        self._asked: tuple[str, ...] = ()
        self._refused_topics: set[str] = set()
        self._unacknowledged: set[int] = set()
        self._acks: deque[Token] = deque()
        self._progress_at = time.monotonic()
        self._outgoing: deque[tuple[str, bytes, int]] = deque()
        self._handed_over: deque[MQTTMessageInfo] = deque()
        self.overflowed = 0
        """QoS 0 frames dropped because the queue was full."""
        self.events_dropped = 0
        """Events not published because the broker was away or slow."""

    @property
    def state(self) -> LinkState:
        """Where the connection stands, and since when."""
        return self._link.state

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._link.connections

    @property
    def unsteady(self) -> str:
        """Why connections do not last, as a sentence; empty where they do."""
        return self._link.unsteady

    def __len__(self) -> int:
        """Frames waiting to be taken."""
        return len(self._queue)

    def start(self) -> None:
        """Starts connecting and returns at once. A missing broker is no error: it is waited for."""
        self._link.start()

    def wait_connected(self, timeout_s: float) -> bool:
        """Waits until the subscription stands. False where the broker is away or refuses us for `timeout_s`."""
        until = time.monotonic() + timeout_s
        if self._link.wait((LinkName.CONNECTED, LinkName.REFUSED), timeout_s).name is not LinkName.CONNECTED:
            return False
        return self._subscribed.wait(max(until - time.monotonic(), 0.0))

    def take(self, max_frames: int, timeout_s: float) -> list[RawFrame]:
        """Up to `max_frames` frames in their order of arrival; empty where none comes within `timeout_s`."""
        with self._arrived:
            if not self._queue and timeout_s > 0:
                self._arrived.wait_for(lambda: bool(self._queue), timeout_s)
            taken = [self._queue.popleft() for _ in range(min(max_frames, len(self._queue)))]
            self._queue_bytes -= sum(len(frame.payload) for frame in taken)
            self._progress_at = time.monotonic()
        if taken:
            self._link.wake()
        return taken

    def acknowledge(self, tokens: Iterable[Token]) -> None:
        """Says that these frames are handled. Tokens of an older connection are ignored: those come again."""
        self._acks.extend(token for token in tokens if token.mid)
        self._link.wake()

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> bool:
        """Publishes an event if that is possible without waiting; False, and counted, where it is not."""
        if self.state.name != "connected" or len(self._outgoing) >= _MAX_OUTGOING:
            self.events_dropped += 1
            return False
        self._outgoing.append((topic, payload, qos))
        self._link.wake()
        return True

    def stop(self) -> None:
        """Sends the acknowledgements given so far and disconnects. The session, and what comes for it, stays."""
        self._link.stop()

    # What follows is `Traffic`: called by the link, in its thread.

    def on_open(self, client: Client, connection: int, session_present: bool) -> None:
        """Subscribes again, whatever the broker remembers: its configuration may have changed."""
        with self._arrived:
            self._connection = connection
            self._progress_at = time.monotonic()
        if connection > 1 and not session_present:
            _LOG.warning("%s lost our session: readings sent while we were away may be missing", self._broker)
        client.on_subscribe = self._on_subscribe
        self._subscribe(client, self._topics)

    def on_message(self, message: MQTTMessage) -> None:
        """Queues a frame."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no topic of ours; the decoder counts it as topic_shape
        with self._arrived:
            if message.qos == 0 and len(self._queue) >= self._config.queue_frames:
                self.overflowed += 1
                return
            token = Token(self._connection, message.mid if message.qos else 0)
            if message.qos:
                self._unacknowledged.add(message.mid)
            self._queue.append(RawFrame(topic, bytes(message.payload), self._clock(), token, bool(message.retain)))
            self._queue_bytes += len(message.payload)
            self._arrived.notify()

    def on_publish(self, mid: int, refusal: str) -> None:
        """An event reached the broker, which may not want it."""
        if refusal and refusal != UNHEARD:
            self.events_dropped += 1

    def turn(self, client: Client) -> None:
        """Acknowledges what was handled and hands events to paho, as many as the broker keeps up with."""
        while self._acks:
            token = self._acks.popleft()
            if token.connection == self._connection and token.mid in self._unacknowledged:
                self._unacknowledged.discard(token.mid)
                self._progress_at = time.monotonic()
                client.ack(token.mid, _QOS)
        while self._handed_over and self._handed_over[0].is_published():
            self._handed_over.popleft()
        while self._outgoing and len(self._handed_over) < _MAX_OUTGOING and self.state.name == "connected":
            info = client.publish(*self._outgoing.popleft())
            if info.rc == 0:
                self._handed_over.append(info)
            else:
                self.events_dropped += 1

    def may_read(self) -> bool:
        """False while too much is queued or unacknowledged: reading is what makes the broker send more."""
        if self._queue_bytes >= _MAX_QUEUE_BYTES:
            return False
        # A broker that keeps to Receive Maximum never sends one more than that. Some Mosquitto versions do, in bursts.
        most = self._config.queue_frames + 1 if self._holds_back else self._config.queue_frames
        return len(self._unacknowledged) < most

    def is_stalled(self) -> bool:
        """Held back, and nothing consumed for a keep-alive: as nothing is read, not even the broker's pings are."""
        return not self.may_read() and time.monotonic() - self._progress_at > self._broker.keepalive_s

    def on_close(self) -> None:
        """Forgets what was queued and not taken: the broker sends it again, in order."""
        self._subscribed.clear()
        with self._arrived:
            self._queue = deque(frame for frame in self._queue if not frame.token.mid)
            self._queue_bytes = sum(len(frame.payload) for frame in self._queue)
            self._unacknowledged.clear()
        self.events_dropped += len(self._outgoing) + len(self._handed_over)
        self._outgoing.clear()
        self._handed_over.clear()

    def _subscribe(self, client: Client, topics: tuple[str, ...]) -> int | None:
        """Asks for these topics. Returns the request's id."""
        self._asked = topics
        if self._holds_back:
            options = SubscribeOptions(qos=_QOS, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            return client.subscribe([(topic, options) for topic in topics])[1]
        return client.subscribe([(topic, _QOS) for topic in topics])[1]

    def _on_subscribe(
        self, client: Client, _userdata: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [(t, r) for t, r in zip(self._asked, reasons, strict=False) if r.is_failure]
        if refused and self._asked == self._topics and self._narrow_topics:
            self._subscribe(client, self._narrow_topics)
            return
        for topic, reason in refused:
            if topic not in self._refused_topics:  # once, not at every connection
                _LOG.error("%s refuses our subscription to %s: %s", self._broker, topic, reason)
            self._refused_topics.add(topic)
        self._subscribed.set()
