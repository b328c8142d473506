"""One MQTT connection that is always being held on to: connect, serve, lose, wait with jitter, connect again.

All of paho happens in one thread, on paho's interface for foreign event loops (`loop_read`, `loop_write`, `loop_misc`),
with a fresh paho client per connection. So nothing of an old connection, no message id above all, can leak into the
next one; and not reading is simply not calling `loop_read`, which leaves the waiting to TCP and to the broker.
"""

from __future__ import annotations

import logging
import random
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from tenacity import RetryCallState, Retrying, retry_if_result, stop_when_event_set
from tenacity.nap import sleep_using_event

from engine.errors import OperatorError
from engine.ingest.mqtt.broker import Broker, jittered_waits
from engine.ingest.mqtt.sockets import ready, reason_of
from engine.ingest.mqtt.steadiness import UNSTEADY, Steadiness, goodbye
from engine.ingest.mqtt.tls import tls_context
from engine.ingest.mqtt.traffic import Traffic

_LOG = logging.getLogger("rayon.mqtt")
_MAX_INFLIGHT = 20  # of ours to the broker
_MAX_PACKET_BYTES = 9 * 1024 * 1024  # a receiver's largest body; the broker keeps larger ones to itself
_TURN_S = 0.5  # the loop looks around at least so often
_CONNECT_TIMEOUT_S = 5.0
_DRAIN_S = 2.0  # on stop: for what is still to be written
NO_MATCHING_SUBSCRIBERS = 0x10  # MQTT 5, 3.4.2.1: the broker took it and there is nobody to keep it for
UNHEARD = "nobody listens"
"""Instead of a refusal: nobody has subscribed to the topic of a message, and no session waits for it."""
_NOT_STARTED = "not started"
_NOT_OURS = "it is not known whether the session is still ours"
_REFUSED_CREDENTIALS = {"Bad user name or password", "Not authorized", "Banned", "Bad authentication method"}
_REASONS = {
    MQTTErrorCode.MQTT_ERR_SUCCESS: "the broker closed the connection",
    MQTTErrorCode.MQTT_ERR_CONN_LOST: "the connection was lost",
    MQTTErrorCode.MQTT_ERR_NO_CONN: "the connection was lost",
    MQTTErrorCode.MQTT_ERR_KEEPALIVE: "the broker went silent",
    MQTTErrorCode.MQTT_ERR_PROTOCOL: "what answers there does not speak MQTT as we do",
}


class LinkName(StrEnum):
    """Where a connection to a broker stands."""

    CONNECTED = "connected"
    AWAY = "away"
    REFUSED = "refused"  # its credentials are wrong
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class LinkState:
    """Where a connection stands since `since` (s UTC), and why, where it is away or refused."""

    name: LinkName
    since: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to the broker, and what it keeps for us while we are away."""

    client_id: str
    clean: bool = False  # True: the broker keeps nothing
    session_expiry_s: int = 86_400
    receive_maximum: int = 65_535  # MQTT 5: unacknowledged messages the broker may have out to us


class Link:
    """A thread that keeps `traffic` connected to `broker`. The log tells each change of state, not every attempt."""

    def __init__(
        self,
        broker: Broker,
        identity: Identity,
        traffic: Traffic,
        *,
        chance: random.Random | None = None,
        may_connect: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_connect` is asked before each attempt, in the link's thread: whoever connects under our name throws out
        who is connected."""
        self._may_connect = may_connect
        self._broker = broker
        self._identity = identity
        self._traffic = traffic
        self._chance = chance or random.Random()
        self._state = LinkState(LinkName.AWAY, time.time(), _NOT_STARTED)
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._wake: tuple[socket.socket, socket.socket] | None = None  # what is written to the second wakes the first
        self._woken = False  # a call costs more than the message, where many come at once
        self._connections = 0
        # MQTT 5: paho fixes this before the broker's answer, so one that takes fewer is obeyed from the second time on
        self._window = _MAX_INFLIGHT
        self._answer: str | None = None  # of the broker to this connection: None pending, "" yes, else the refusal
        self._said_unsteady = 0  # at which connection
        self._goodbye = ""  # the broker's own reason for ending this connection
        self._steadiness = Steadiness(identity.client_id, max(broker.reconnect_max_s, broker.reconnect_min_s))

    @property
    def state(self) -> LinkState:
        """Where the connection stands now."""
        return self._state

    @property
    def connections(self) -> int:
        """How many connections there have been."""
        return self._connections

    @property
    def unsteady(self) -> str:
        """Why connections do not last, as a sentence; empty where they do, or there is no more to it than one."""
        return self._steadiness.complaint

    def start(self) -> None:
        """Starts connecting and returns at once: a missing broker is waited for.

        Raises OperatorError where the certificate files are not usable.
        """
        tls_context(self._broker)
        if self._thread is not None:
            raise RuntimeError("a link is started once")
        self._wake = socket.socketpair()
        for end in self._wake:
            end.setblocking(False)
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{self._identity.client_id}", daemon=True)
        self._thread.start()

    def wait(self, names: tuple[LinkName, ...], timeout_s: float) -> LinkState:
        """Waits until the state is one of `names`, for at most `timeout_s`. Returns the state as it is then."""
        with self._changed:
            self._changed.wait_for(lambda: self._state.name in names, timeout_s)
        return self._state

    def wake(self) -> None:
        """Makes the loop take its next turn now. From any thread."""
        if self._wake is None or self._woken:
            return  # it has not looked yet, and will see this too
        self._woken = True
        with suppress(OSError):  # closed: it has stopped
            self._wake[1].send(b"w")

    def stop(self, timeout_s: float = 10.0) -> None:
        """Writes what is queued, disconnects and ends the thread. The broker's session stays."""
        self._stop.set()
        self.wake()
        if self._thread is not None:
            self._thread.join(timeout_s)
        for end in self._wake or ():
            end.close()
        self._say(LinkName.STOPPED, "")

    def _say(self, name: LinkName, reason: str) -> None:
        before = self._state
        with self._changed:
            if (before.name, before.reason) != (name, reason):
                since = before.since if before.name == name else time.time()
                self._state = LinkState(name, since, reason)
            self._changed.notify_all()
        if before.name == name and before.reason != _NOT_STARTED:
            return
        if self._steadiness.short_lived > UNSTEADY and name is not LinkName.REFUSED:
            return  # said once, in full; it is the same again
        who = f"{self._identity.client_id} at {self._broker}"
        if name is LinkName.CONNECTED:
            _LOG.info("%s: connected", who)
        elif name is LinkName.REFUSED:
            _LOG.error(
                "%s: the broker refuses us: %s. Check RAYON_MQTT_USERNAME and RAYON_MQTT_PASSWORD; still trying",
                who,
                reason,
            )
        elif name is LinkName.AWAY:
            _LOG.warning("%s: away: %s; reconnecting", who, reason)

    def _run(self) -> None:
        """Connects again and again until stopped; after a connection that lasted, waits begin anew.

        One that lasts is one that lives longer than the longest wait: two clients that throw each other out under one
        name would otherwise begin anew for ever.
        """
        low, high = self._broker.reconnect_min_s, self._broker.reconnect_max_s
        again = Retrying(
            retry=retry_if_result(lambda _: True),
            wait=jittered_waits(low, max(low, high), self._chance),
            stop=stop_when_event_set(self._stop),
            sleep=sleep_using_event(self._stop),
            after=_begin_anew,
            retry_error_callback=lambda _: None,
        )
        again(self._attempt)

    def _attempt(self) -> bool:
        """One connection, and what became of it said. True where it lasted."""
        if self._stop.is_set():
            return False
        if not self._may_connect():
            self._say(LinkName.AWAY, _NOT_OURS)
            return False
        name, reason = self._serve_once()
        lasted = self._steadiness.end(reason, given=bool(self._goodbye))
        if not self._stop.is_set():
            self._say(name, reason)
            if self._steadiness.short_lived == UNSTEADY and self._said_unsteady != self._connections:
                self._said_unsteady = self._connections
                _LOG.warning("%s: %s; trying less and less often", self._identity.client_id, self.unsteady)
        return lasted

    def _serve_once(self) -> tuple[LinkName, str]:
        """One connection, from its attempt to its end. Returns the state to say then, and why."""
        client = self._client()
        self._answer, self._goodbye = None, ""
        try:
            self._connect(client)
        except (OSError, ValueError, OperatorError) as error:
            return LinkName.AWAY, reason_of(error)
        connection = self._connections
        try:
            reason = self._loop(client)
        except Exception as error:  # noqa: BLE001 - logged whole; a broker may send what paho cannot take apart
            reason = f"{type(error).__name__}: {error}"
            if reason != self._state.reason:  # once, not at every attempt
                _LOG.exception("the connection to %s failed in an unexpected way", self._broker)
        finally:
            _hang_up(client)
            if self._connections > connection:
                self._traffic.on_close()
        if self._answer:
            return (LinkName.REFUSED if self._answer in _REFUSED_CREDENTIALS else LinkName.AWAY), self._answer
        return LinkName.AWAY, self._goodbye or reason

    def _client(self) -> Client:
        identity, broker = self._identity, self._broker
        v5 = broker.protocol == "5"
        client = Client(
            CallbackAPIVersion.VERSION2,
            identity.client_id,
            clean_session=None if v5 else identity.clean,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(self._window)
        client.on_connect = self._on_connect
        client.on_message = lambda _client, _userdata, message: self._traffic.on_message(message)
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        # without this, paho writes in whatever thread calls it
        client.on_socket_register_write = lambda *_: None
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        return client

    def _connect(self, client: Client) -> None:
        """Raises OSError or ValueError where the broker is not reached or not trusted."""
        tls = tls_context(self._broker)
        if tls is not None:
            client.tls_set_context(tls)
        try:
            self._open(client)
        except BaseException:
            if tls is not None:
                tls.abandon()
            raise

    def _open(self, client: Client) -> None:
        broker, identity = self._broker, self._identity
        if broker.protocol != "5":
            client.connect(broker.host, broker.port, broker.keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = identity.receive_maximum
        properties.MaximumPacketSize = _MAX_PACKET_BYTES
        properties.SessionExpiryInterval = 0 if identity.clean else identity.session_expiry_s
        client.connect(broker.host, broker.port, broker.keepalive_s, clean_start=identity.clean, properties=properties)

    def _on_connect(
        self, client: Client, _userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._answer = str(reason)
            return
        self._window = min(_MAX_INFLIGHT, getattr(properties, "ReceiveMaximum", _MAX_INFLIGHT))
        self._answer = ""
        self._connections += 1
        self._steadiness.open()
        self._traffic.on_open(client, self._connections, flags.session_present)
        self._say(LinkName.CONNECTED, "")

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._goodbye = goodbye(str(reason))

    def _on_publish(
        self, _client: Client, _userdata: Any, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._traffic.on_publish(mid, str(reason))
        else:
            self._traffic.on_publish(mid, UNHEARD if reason.value == NO_MATCHING_SUBSCRIBERS else "")

    def _loop(self, client: Client) -> str:
        """Serves the connection until it ends. Returns why it ended."""
        opened_at = time.monotonic()
        while True:
            if self._stop.is_set():
                self._drain(client)
                return "stopped"
            self._traffic.turn(client)
            rc = self._io(client)
            if rc != MQTTErrorCode.MQTT_ERR_SUCCESS or client.socket() is None:
                return _REASONS.get(rc, f"MQTT error {rc.name.removeprefix('MQTT_ERR_')}")
            if self._answer is None and time.monotonic() - opened_at > _CONNECT_TIMEOUT_S:
                return "the broker accepts connections but does not answer"
            if self._traffic.is_stalled():
                return "readings are not consumed; the broker keeps them meanwhile"

    def _io(self, client: Client) -> MQTTErrorCode:
        """Waits for something to read, to write or to wake up for, and does it."""
        sock: Any = client.socket()
        if sock is None or self._wake is None:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        alarm = self._wake[0]
        reading = self._answer is None or self._traffic.may_read()
        pending = reading and hasattr(sock, "pending") and sock.pending() > 0  # TLS holds decoded bytes of its own
        readable, writable = ready(
            [alarm, sock] if reading else [alarm],
            [sock] if client.want_write() else [],
            0.0 if pending else _TURN_S,
        )
        if alarm in readable:
            alarm.recv(4096)
            self._woken = False  # before the next turn, which sees what was handed over meanwhile
        rc = MQTTErrorCode.MQTT_ERR_SUCCESS
        if pending or sock in readable:
            rc = client.loop_read()
        if rc == MQTTErrorCode.MQTT_ERR_SUCCESS and (writable or client.want_write()) and client.socket() is not None:
            rc = client.loop_write()
        # paho gives a connection up when no answer to its ping is *read*: while we hold the broker back, none is.
        if rc == MQTTErrorCode.MQTT_ERR_SUCCESS and reading and client.socket() is not None:
            rc = client.loop_misc()
        return rc

    def _drain(self, client: Client) -> None:
        self._traffic.turn(client)
        until = time.monotonic() + _DRAIN_S
        client.disconnect()
        while client.socket() is not None and client.want_write() and time.monotonic() < until:
            ready([], [client.socket()], 0.1)
            if client.loop_write() != MQTTErrorCode.MQTT_ERR_SUCCESS:
                return


def _begin_anew(attempt: RetryCallState) -> None:
    """A connection that lasted counts as the first attempt."""
    if attempt.outcome is not None and attempt.outcome.result():
        attempt.attempt_number = 1


def _hang_up(client: Client) -> None:
    sock = client.socket()
    if sock is not None:
        sock.close()
