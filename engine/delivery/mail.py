"""E-mail by SMTP: letters wait in the database, a worker hands them to the configured server.

No pixel, no attachment, no picture from elsewhere: text, and the same as HTML. A letter may carry one-click
unsubscribing (RFC 8058). A crash loses none; one whose answer was lost is sent again under the same Message-ID, which
is as far as SMTP (RFC 5321, 4.2.5) lets anybody promise not to repeat.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from engine.config import MailConfig
from engine.delivery.patience import running_from
from engine.delivery.smtp import Connection, TlsConnection, in_time
from engine.storage.database import Database
from engine.storage.sending import letters
from engine.storage.sending.letters import DueLetter, Letter
from engine.storage.sending.marks import mark_mailbox
from engine.vocabulary import LetterReason, MailboxMark

log = logging.getLogger("rayon.delivery.mail")

PORTS = {"starttls": 587, "tls": 465, "none": 25}
NO_MAILBOX = frozenset({550, 551, 553})
"""What a server answers to a recipient that it does not have (RFC 5321, 4.2.2); a full mailbox (552) may be empty
tomorrow, and a refused text (554) says nothing of the recipient."""
STEPS = 4
"""So many times the wait for one answer may all of a letter take, or all of a connection."""
SPARE_S = 60.0  # letters are one worker's alone for so much longer than it may take
KEPT_S = 30 * 86_400.0  # the keys of letters that are over


@dataclass(frozen=True, slots=True)
class Credentials:
    """What we sign in to the server with; empty where it asks for none."""

    username: str = ""
    password: str = field(default="", repr=False)


class Mailer:
    """Writes letters down and sends them. Thread-safe; several processes may send at once."""

    def __init__(
        self,
        config: MailConfig,
        db: Database,
        credentials: Credentials,
        digest_of: Callable[[str], str | None] = lambda address: None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`digest_of` an address is what a mailbox is marked under that does not exist."""
        assert config.host is not None
        assert config.sender is not None
        self._config, self._host, self._sender = config, config.host, config.sender
        self._db, self._credentials, self._digest_of = db, credentials, digest_of
        self._all_s, self._monotonic = STEPS * config.timeout_s, monotonic

    def post(
        self, letter: Letter, key: str, now: float, *, shopper_id: str = "", expires_at: float | None = None
    ) -> bool:
        """Writes a letter in a transaction of its own. False where one of this `key` was written before.

        Within a transaction of one's own, call `queue_letter` of the storage. Raises ValueError for an address or a
        subject that no header can hold.
        """
        compose(letter, self._sender, "check", now)
        with self._db.write() as session:
            return letters.queue_letter(
                session, letter, key, now, expires_at or self.expires_at(now), shopper_id=shopper_id
            )

    def post_receipt(self, letter: Letter, mailbox: str, now: float, *, shopper_id: str) -> None:
        """Writes a receipt, which waits for what is answered next; few to one `mailbox`, by its digest. Raises
        ValueError as `post`."""
        compose(letter, self._sender, "check", now)
        with self._db.write() as session:
            letters.queue_receipt(session, letter, mailbox, now, self.expires_at(now), shopper_id=shopper_id)

    def expires_at(self, now: float) -> float:
        """When a letter written now is given up."""
        return now + self._config.give_up_h * 3600.0

    def send_due(self, now: float) -> int:
        """Hands every letter whose time has come to the server. How many it took. Blocks: call it on a thread."""
        sent = 0
        clock = running_from(now, self._monotonic)
        while due := letters.take_due(self._db, clock(), hold_s=2 * self._all_s + SPARE_S):
            sent += self._send(due, clock)
        letters.purge_letters(self._db, now - KEPT_S)
        return sent

    def _send(self, due: list[DueLetter], clock: Callable[[], float]) -> int:
        """All over one connection; where that breaks, or is so slow that others may soon take them, those that are left
        wait."""
        sent, until = 0, clock() + self._all_s
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            reason = LetterReason.SIGN_IN if isinstance(error, _SIGN_IN) else LetterReason.UNREACHABLE
            log.warning("mail server %s: %s; %d letters wait", self._host, error, len(due))
            self._put_off(due, reason, clock())
            return 0
        try:
            for place, letter in enumerate(due):
                if self._hand_over(server, letter, clock()):
                    sent += 1
                if not _is_open(server) or clock() > until:
                    self._put_off(due[place + 1 :], LetterReason.UNREACHABLE, clock())
                    break
        finally:
            with suppress(OSError, smtplib.SMTPException), in_time(server, self._all_s):  # what it took, it took
                server.quit()
        return sent

    def _hand_over(self, server: Connection, due: DueLetter, now: float) -> bool:
        """Whether the server took it; what became of it is written down either way."""
        try:
            message = compose(due.letter, self._sender, due.message_id, due.written_at)
            with in_time(server, self._all_s):
                server.send_message(message)
        except (ValueError, UnicodeError, smtplib.SMTPNotSupportedError) as error:
            log.warning("letter %d: %s", due.letter_id, error)
            letters.mark_failed(self._db, due.letter_id, LetterReason.BAD_ADDRESS, now)
        except (OSError, smtplib.SMTPException) as error:
            code = _code(error)
            log.warning("letter %d was not taken: %s", due.letter_id, code or type(error).__name__)
            if isinstance(error, smtplib.SMTPRecipientsRefused) and code in NO_MAILBOX:
                self._mark(due.letter.to, now)
            if code >= 500 and not isinstance(error, smtplib.SMTPSenderRefused):
                letters.mark_failed(self._db, due.letter_id, LetterReason.REFUSED, now)
            else:
                reason = LetterReason.LATER if code else LetterReason.UNREACHABLE
                letters.put_off(self._db, due.letter_id, reason, now)
        else:
            letters.mark_sent(self._db, due.letter_id, now)
            return True
        return False

    def _mark(self, address: str, now: float) -> None:
        digest = self._digest_of(address)
        if digest is not None:
            mark_mailbox(self._db, digest, MailboxMark.RETURNED, now)

    def _put_off(self, due: list[DueLetter], reason: LetterReason, now: float) -> None:
        for letter in due:
            letters.put_off(self._db, letter.letter_id, reason, now)

    def _connect(self) -> Connection:
        """A connection that is encrypted and signed in as configured. Raises OSError and SMTPException."""
        config, who = self._config, self._credentials
        port, tls = config.port or PORTS[config.security], None
        if config.security != "none":
            tls = ssl.create_default_context(cafile=None if config.tls_ca_file is None else str(config.tls_ca_file))
        if config.security == "tls":
            server: Connection = TlsConnection(timeout=config.timeout_s, context=tls)
        else:
            server = Connection(timeout=config.timeout_s)
        server._host = self._host  # type: ignore[attr-defined]  # whose certificate it has to be: only __init__ says it
        try:
            with in_time(server, self._all_s):
                code, said = server.connect(self._host, port)
                if code != 220:
                    raise smtplib.SMTPConnectError(code, said)
                if config.security == "starttls":
                    server.starttls(context=tls)
                if who.username:
                    server.login(who.username, who.password)
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server


_SIGN_IN = (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError)


def open_mailer(
    config: MailConfig,
    db: Database,
    environ: Mapping[str, str],
    digest_of: Callable[[str], str | None] = lambda address: None,
) -> Mailer | None:
    """The site's mailer; None where no server is configured: then e-mail is offered to nobody."""
    if config.host is None:
        return None
    who = Credentials(environ.get("RAYON_SMTP_USERNAME", ""), environ.get("RAYON_SMTP_PASSWORD", ""))
    return Mailer(config, db, who, digest_of)


def compose(letter: Letter, sender: str, message_id: str, written_at: float) -> EmailMessage:
    """The message as it goes out, of text and HTML. Raises ValueError for what no header can hold."""
    name, address = parseaddr(letter.to)
    if address != letter.to or "@" not in address or not address.isprintable() or " " in address:
        raise ValueError(f"not one e-mail address alone{': ' + name if name else ''}")
    message = EmailMessage()
    message["From"] = sender
    message["To"] = address
    message["Subject"] = " ".join(letter.subject.split())  # names in it may be of several lines, headers are not
    message["Date"] = format_datetime(datetime.fromtimestamp(written_at, UTC))
    message["Message-ID"] = f"<{message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    if letter.unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _code(error: BaseException) -> int:
    """What the server answered; 0 where it did not, or hung up."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return max((code for code, _ in error.recipients.values()), default=0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _is_open(server: smtplib.SMTP) -> bool:
    return server.sock is not None
