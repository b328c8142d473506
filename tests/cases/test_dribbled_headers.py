"""dribbled-headers: an e-shop that answered with one byte every few seconds was waited for as long as it went on.

Every reading came in time, so that no timeout of a reading ever passed, and all that stood behind it waited, too.
Input: a server that sends its head byte by byte, and would end it after many times the time that it has. Right: each
sender gives up in its time, and what was to be sent is sent again later.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Literal

import httpx
import pytest
from anyio import to_thread

from api.accounts import oidc
from api.portal.calls import Controller, ControllerTrouble
from engine.commerce.stock import Article
from engine.config import MailConfig, OidcConfig
from engine.delivery import mail, orders, senders
from engine.delivery.crm import courier
from engine.delivery.crm.courier import Courier, CrmSide
from engine.delivery.crm.forms import CrmCall, CrmWire
from engine.delivery.mail import Credentials, Mailer
from engine.delivery.orders import OrderSender
from engine.delivery.push_services import PublicTransport
from engine.delivery.senders import Call, Poster
from engine.storage.crm.lines import CrmEvent, DueEvent
from engine.storage.database import Database
from engine.storage.ordering.asked import OrderWish
from engine.storage.sending.letters import Letter
from engine.vocabulary import CrmForm, CrmKind, CrmTrouble, LetOut, OrderWay

PATIENCE_S, BETWEEN_S = 0.3, 0.05
ENOUGH_S = 5.0  # for what comes at once, also from a busy machine, and little beside all that is dribbled
HTTP = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + b"X-More: 0\r\n" * 30 + b"\r\n"
SMTP = b"220-more\r\n" * 30 + b"220 ready\r\n"
RECORD = b"\x16\x03\x03\x01\x00" + b"\x02\x00\x00\xfc" + bytes(252)  # a TLS record of 256 bytes, a hello of the server
STARTTLS = b"220 a\r\n250-a\r\n250 STARTTLS\r\n220 go\r\n"  # then the handshake begins


class Dribbler:
    """Sends bytes at once, and then these one by one, to whoever calls, and hangs up."""

    def __init__(self, said: bytes, at_once: bytes = b"") -> None:
        self._said, self._at_once, self._over = said, at_once, threading.Event()
        self.said_all = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(60)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._socket.accept()
                threading.Thread(target=self._drip, args=[caller], daemon=True).start()

    def _drip(self, caller: socket.socket) -> None:
        with caller, suppress(OSError):
            caller.sendall(self._at_once)
            for n in range(len(self._said)):
                if self._over.wait(BETWEEN_S):
                    return
                caller.sendall(self._said[n : n + 1])
            self.said_all.set()


Start = Callable[..., Dribbler]


@pytest.fixture
def dribbling() -> Iterator[Start]:
    """A server that says these bytes."""
    servers: list[Dribbler] = []

    def start(said: bytes, at_once: bytes = b"") -> Dribbler:
        servers.append(Dribbler(said, at_once))
        return servers[-1]

    yield start
    for one in servers:
        one.close()


def test_an_e_shop(
    db: Database, dribbling: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(orders, "SEND_S", PATIENCE_S)
    url = f"http://127.0.0.1:{dribbling(HTTP).port}/hook"
    sender = OrderSender(db, url, bytes(24), ssl.create_default_context(), lambda sealed: sealed)
    order = orders.DueOrder("rq_1", OrderWish("boutique", Article("COAT"), OrderWay.HOME), 0.0, "fr", ())
    assert not sender._send(order, 0.0)
    assert "the e-shop was not reached: TimeoutError" in caplog.text


@pytest.mark.parametrize("way", ["a gateway", "a push service"])
def test_a_gateway_and_a_push_service(dribbling: Start, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(senders, "CALL_TIMEOUT_S", PATIENCE_S)
    host = f"127.0.0.1:{dribbling(HTTP).port}"
    tls = ssl.create_default_context()
    transport = PublicTransport([host], tls, 1) if way == "a push service" else httpx.AsyncHTTPTransport(verify=tls)

    async def send() -> int:
        poster = Poster(httpx.AsyncClient(transport=transport, timeout=60.0), clock=lambda: 0.0)
        sent = await poster.post(Call(f"http://{host}/hook", 0.0, lambda now: (b"{}", {})))
        await poster.aclose()
        return sent.status

    assert asyncio.run(send()) == 0


@pytest.mark.parametrize(("at_once", "trouble"), [(b"", CrmTrouble.UNREACHABLE), (b"HTTP/1.1 200 OK\r\n\r\n", None)])
def test_a_customer_file(
    db: Database, dribbling: Start, monkeypatch: pytest.MonkeyPatch, at_once: bytes, trouble: CrmTrouble | None
) -> None:
    """One that has said 200 has it, however long it goes on talking."""
    monkeypatch.setattr(courier, "CALL_S", ENOUGH_S if at_once else PATIENCE_S)
    server = dribbling(HTTP, at_once)
    event = CrmEvent(1, "msg_1", CrmKind.VISIT, "ref", "", "", 0.0, "{}")

    async def ask() -> CrmTrouble | None:
        async with httpx.AsyncClient(timeout=60.0) as client:
            side = CrmSide("crm", CrmWire(CrmForm.EVENTS, "", b""), client)
            call = CrmCall("POST", f"http://127.0.0.1:{server.port}/hook", {})
            return (await Courier(db, {}, str)._ask(side, call, DueEvent("crm", event, 0, None))).trouble

    assert asyncio.run(ask()) is trouble
    assert not server.said_all.is_set()


def test_a_controller(dribbling: Start) -> None:
    async def ask() -> LetOut:
        controller = Controller(f"http://127.0.0.1:{dribbling(HTTP).port}", PATIENCE_S, first_wait_s=0.001)
        with pytest.raises(ControllerTrouble) as trouble:
            await controller.json("GET", "/v1/sites")
        await controller.close()
        return trouble.value.outcome

    assert asyncio.run(ask()) is LetOut.CONTROLLER_AWAY


def test_a_single_sign_on(dribbling: Start) -> None:
    url = f"http://127.0.0.1:{dribbling(HTTP).port}"
    declared = OidcConfig(name="Directory", issuer=url, client_id="rayon", timeout_s=2.0)  # a byte comes within

    async def ask() -> None:
        await to_thread.run_sync(oidc._issuer, declared)

    with pytest.raises(httpx.ReadTimeout, match="does not end its answer"):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("security", "at_once", "said"), [("none", b"", SMTP), ("starttls", STARTTLS, RECORD), ("tls", b"", RECORD)]
)
def test_a_mail_server(
    security: Literal["none", "starttls", "tls"],
    at_once: bytes,
    said: bytes,
    db: Database,
    dribbling: Start,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(mail, "STEPS", PATIENCE_S / 60.0)
    server = dribbling(said, at_once)
    config = MailConfig(host="127.0.0.1", port=server.port, security=security, sender="shop@example.com")
    mailer = Mailer(config, db, Credentials())
    mailer.post(Letter("ada@example.com", "Hello", "text", "<p>text</p>"), "key", 0.0, expires_at=9e9)
    assert mailer.send_due(1.0) == 0
    assert "1 letters wait" in caplog.text
    assert not server.said_all.is_set()
