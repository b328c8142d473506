"""A real SMTP server for tests, on a thread of this process: it keeps what it was given."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.config import MailConfig
from tests.brokers import free_port

Answer = Callable[[Envelope], str]


class Mailbox:
    """What arrived, in order. `answers` are given to the next messages in place of 250; to `refused` nothing goes."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 (the server looks for this name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        """Takes any address but those of `refused`."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keeps the message where it is taken. `hang up` takes it, and loses the answer."""
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith(("250", "hang up")):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
            self.recipients += envelope.rcpt_tos
        if answer == "hang up":
            server.transport.close()
        return answer


class MailServer:
    """`with MailServer() as server:` listens on a free port of this machine; `server.box` is what it got."""

    def __init__(self, **options: Any) -> None:
        self.box = Mailbox()
        options = {"ready_timeout": 60.0} | options  # of itself it gives up after five, which a busy machine takes
        self._controller = Controller(self.box, hostname="127.0.0.1", port=free_port(), **options)

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    def config(self, **more: Any) -> MailConfig:
        """The configuration that sends to it."""
        named = {"host": "127.0.0.1", "port": self.port, "security": "none", "sender": "Épicerie <shop@example.org>"}
        return MailConfig.model_validate(named | {"timeout_s": 5.0} | more)
