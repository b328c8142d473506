"""A broker in memory, for engines that are driven turn by turn: one session each, at-least-once, nothing lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from engine.config import MqttConfig
from engine.ingest.mqtt.link import LinkName, LinkState
from engine.ingest.mqtt.receiver import RawFrame, Subscriber, Token


class WaitingFrames:
    """A session's queue: what waits, and what was taken and is not acknowledged. Begin with `_begin`."""

    def _begin(self) -> None:
        self._waiting: deque[RawFrame] = deque()
        self.unanswered: dict[int, RawFrame] = {}
        self._mid = 0

    def _add(self, topic: str, payload: bytes, at: float) -> None:
        self._mid += 1
        self._waiting.append(RawFrame(topic, payload, at, Token(1, self._mid)))

    @property
    def connections(self) -> int:
        """One."""
        return 1

    def __len__(self) -> int:
        return len(self._waiting)

    def take(self, max_frames: int, timeout_s: float) -> list[RawFrame]:
        """What waits, at once."""
        taken = [self._waiting.popleft() for _ in range(min(max_frames, len(self._waiting)))]
        self.unanswered |= {raw.token.mid: raw for raw in taken}
        return taken

    def acknowledge(self, tokens: Iterable[Token]) -> None:
        """Forgets them."""
        for token in tokens:
            del self.unanswered[token.mid]

    def publish(self, topic: str, payload: bytes, qos: int = 0) -> Any:
        """Events go nowhere."""
        return True


class Wire:
    """What is published reaches every session there is; what a session has not acknowledged, it keeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sessions: list[Session] = []

    def session(self, config: MqttConfig, stores: Sequence[str]) -> Subscriber:
        """A new session, as an engine's subscriber."""
        made = Session(self, config, stores)
        self._sessions.append(made)
        return made

    def publish(self, topic: str, payload: bytes) -> None:
        """To all sessions that listen."""
        for session in self._sessions:
            session.arrive(topic, payload)


class Session(WaitingFrames, Subscriber):
    """An engine's end of the wire."""

    def __init__(self, wire: Wire, config: MqttConfig, stores: Sequence[str]) -> None:
        super().__init__(config, stores)
        self.client_id = config.client_id
        self._wire = wire
        self._listens = False
        self._begin()

    def arrive(self, topic: str, payload: bytes) -> None:
        """A message comes to the session."""
        if self._listens:
            self._add(topic, payload, self._wire.now)

    @property
    def state(self) -> LinkState:
        """Always there, once started."""
        return LinkState(LinkName.CONNECTED if self._listens else LinkName.AWAY, 0.0)

    def keep_as_retained(self) -> None:
        """What waits now is what a broker kept for whoever asks."""
        self._waiting = deque(raw._replace(retained=True) for raw in self._waiting)

    def start(self) -> None:
        """Subscribes."""
        self._listens = True

    def stop(self) -> None:
        """The session stays, as far as this wire goes."""
