"""E-mail by a real SMTP server: what it gets, how often, and what becomes of what it does not take."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from pydantic import ValidationError
from sqlmodel import select

from engine.config import MailConfig
from engine.delivery.mail import Credentials, Mailer, compose, open_mailer
from engine.privacy.consent import ConsentChoice
from engine.storage.database import Database
from engine.storage.messages.reach import out_of_reach
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.sending.letters import LetterTable
from engine.storage.people.shoppers import set_consents
from engine.storage.sending.letters import Letter, delete_letters, put_off, take_due
from engine.vocabulary import Channel, DeliveryReason, LetterReason, LetterState
from tests.engine.storage.scenes import shopper
from tests.mail_servers import MailServer

NOW = 1_780_000_000.0
LETTER = Letter("anne@example.org", "Votre reçu", "Bonjour à vous", "<p>Bonjour à vous</p>", "https://x.example/u/1")
WAITING, SENT, FAILED = LetterState.WAITING, LetterState.SENT, LetterState.FAILED


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


def count_letters(db: Database) -> dict[tuple[LetterState, str], int]:
    """How many there are by state and reason."""
    with db.read() as session:
        return Counter((LetterState(row.state), row.reason) for row in session.exec(select(LetterTable)))


def _mailer(server: MailServer, db: Database) -> Mailer:
    return Mailer(server.config(), db, Credentials())


def test_a_letter_arrives_once_as_text_and_html_without_a_pixel(server: MailServer, db: Database) -> None:
    mailer = _mailer(server, db)
    assert mailer.post(LETTER, "receipt|1", NOW)
    assert not mailer.post(LETTER, "receipt|1", NOW)
    assert mailer.send_due(NOW) == 1
    assert mailer.send_due(NOW + 10_000) == 0
    [message] = server.box.messages
    assert server.box.recipients == ["anne@example.org"]
    assert message["Subject"] == "Votre reçu"
    assert message["From"].addresses[0].display_name == "Épicerie"
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Bonjour à vous" in text.get_content()
    assert "<img" not in html.get_content()
    assert message["List-Unsubscribe"] == "<https://x.example/u/1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert count_letters(db) == {(SENT, ""): 1}


def test_without_an_address_to_unsubscribe_at_none_is_promised() -> None:
    message = compose(Letter("a@example.org", "s", "t", "<p>t</p>"), "Shop <shop@example.org>", "id", NOW)
    assert message["List-Unsubscribe"] is None
    assert message["Message-ID"] == "<id@example.org>"


@pytest.mark.parametrize(
    "letter",
    [
        Letter("a@example.org\nBcc: b@example.org", "s", "t", "h"),
        Letter("a@example.org, b@example.org", "s", "t", "h"),
        Letter("A <a@example.org>", "s", "t", "h"),
        Letter("nobody", "s", "t", "h"),
    ],
)
def test_no_letter_says_more_headers_than_it_should(letter: Letter) -> None:
    with pytest.raises(ValueError):
        compose(letter, "shop@example.org", "id", NOW)


def test_a_subject_of_several_lines_is_one_header() -> None:
    letter = Letter("a@example.org", "s\r\nBcc: b@example.org", "t", "h")
    message = compose(letter, "shop@example.org", "id", NOW)
    assert message["Subject"] == "s Bcc: b@example.org"
    assert message["Bcc"] is None
    assert "\nBcc:" not in message.as_string()


def test_a_server_that_is_away_or_says_later_gets_it_when_it_is_back(server: MailServer, db: Database) -> None:
    server.box.answers = ["451 busy", "250 OK"]
    mailer = _mailer(server, db)
    mailer.post(LETTER, "k", NOW)
    assert mailer.send_due(NOW) == 0
    assert count_letters(db) == {(WAITING, LetterReason.LATER): 1}
    assert mailer.send_due(NOW + 14) == 0  # the pause is not over
    away = Mailer(MailConfig(host="127.0.0.1", port=1, security="none", sender="a@example.org"), db, Credentials())
    assert away.send_due(NOW + 16) == 0
    assert count_letters(db) == {(WAITING, LetterReason.UNREACHABLE): 1}
    assert mailer.send_due(NOW + 50) == 1
    assert len(server.box.messages) == 1


def test_what_a_server_refuses_for_good_is_not_tried_again(server: MailServer, db: Database) -> None:
    server.box.refused = {"anne@example.org": "550 no such mailbox"}
    mailer = _mailer(server, db)
    mailer.post(LETTER, "k", NOW)
    mailer.post(Letter("bob@example.org", "s", "t", "h"), "l", NOW)
    assert mailer.send_due(NOW) == 1
    assert server.box.recipients == ["bob@example.org"]
    assert count_letters(db) == {(FAILED, LetterReason.REFUSED): 1, (SENT, ""): 1}


def test_an_answer_that_was_lost_gives_a_repeat_of_the_same_name(server: MailServer, db: Database) -> None:
    server.box.answers = ["hang up"]
    mailer = _mailer(server, db)
    mailer.post(LETTER, "k", NOW)
    mailer.post(Letter("bob@example.org", "s", "t", "h"), "l", NOW)
    mailer.send_due(NOW)
    mailer.send_due(NOW + 60)
    names = [message["Message-ID"] for message in server.box.messages if message["To"] == "anne@example.org"]
    assert len(names) == 2
    assert len(set(names)) == 1
    assert server.box.recipients.count("bob@example.org") == 1


def test_a_worker_that_dies_loses_nothing_and_two_at_once_take_nothing_twice(db: Database) -> None:
    with MailServer() as server:
        mailer = _mailer(server, db)
        mailer.post(LETTER, "k", NOW)
        assert len(take_due(db, NOW, hold_s=80.0)) == 1  # and then this process was killed
        assert take_due(db, NOW + 79, hold_s=80.0) == []
        assert mailer.send_due(NOW + 81) == 1


def test_a_slow_server_is_given_no_letter_that_another_worker_may_take_meanwhile(
    server: MailServer, db: Database
) -> None:
    """Each reading of this clock comes 50 s after the last: twenty letters would take longer than they are held."""
    clock = itertools.count(0.0, 50.0)
    mailer = Mailer(server.config(), db, Credentials(), monotonic=lambda: next(clock))
    for n in range(20):
        mailer.post(LETTER, f"receipt|{n}", NOW)
    sent = mailer.send_due(NOW)
    assert 1 < sent < 20
    assert count_letters(db)[(SENT, "")] == len(server.box.messages) == sent
    with db.read() as session:
        assert min(session.exec(select(LetterTable.not_before).where(LetterTable.state == WAITING))) > NOW + 4 * 60.0


def test_late_is_dropped_and_the_address_forgotten(server: MailServer, db: Database) -> None:
    mailer = _mailer(server, db)
    mailer.post(LETTER, "k", NOW, shopper_id="s1", expires_at=NOW + 60)
    assert mailer.send_due(NOW + 61) == 0
    assert count_letters(db) == {(FAILED, LetterReason.TOO_LATE): 1}
    mailer.post(LETTER, "l", NOW, shopper_id="s1")
    with db.write() as session:
        delete_letters(session, "s1")
    assert count_letters(db) == {}
    put_off(db, 2, LetterReason.LATER, NOW)  # erased in the middle of an attempt: nothing is written
    assert mailer.send_due(NOW + 100) == 0
    assert server.box.messages == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_signs_in_where_it_has_to_and_waits_where_it_cannot(db: Database) -> None:
    def check(_: object, __: object, ___: object, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"right", handled=False)

    with MailServer(authenticator=check, auth_require_tls=False, auth_required=True) as server:
        Mailer(server.config(), db, Credentials("shop", "wrong")).post(LETTER, "k", NOW)
        assert Mailer(server.config(), db, Credentials("shop", "wrong")).send_due(NOW) == 0
        assert count_letters(db) == {(WAITING, LetterReason.SIGN_IN): 1}
        right = open_mailer(server.config(), db, {"RAYON_SMTP_USERNAME": "shop", "RAYON_SMTP_PASSWORD": "right"})
        assert right is not None
        assert right.send_due(NOW + 60) == 1


def test_nothing_is_said_to_a_server_that_does_not_encrypt(server: MailServer, db: Database) -> None:
    mailer = Mailer(server.config(security="starttls"), db, Credentials())
    mailer.post(LETTER, "k", NOW)
    assert mailer.send_due(NOW) == 0
    assert server.box.messages == []


def test_without_a_server_there_is_no_mailer(db: Database) -> None:
    assert open_mailer(MailConfig(), db, {}) is None
    with pytest.raises(ValidationError, match="go together"):
        MailConfig(host="mail.example.org")
    with pytest.raises(ValidationError, match="an address"):
        MailConfig(host="mail.example.org", sender="Shop\r\nBcc: x@example.org")
    assert "secret" not in repr(Credentials("shop", "secret"))


@pytest.mark.parametrize(("answer", "marks"), [("550 no such", True), ("552 full", False), ("450 later", False)])
def test_a_mailbox_that_its_server_does_not_have_gets_nothing_more(
    server: MailServer, db: Database, answer: str, marks: bool
) -> None:
    who = shopper(db).shopper_id
    with db.write() as session:
        session.add(IdentifierTable(kind="email", digest="d-anne", shopper_id=who, sealed="", verified_at=NOW))
    server.box.refused = {"anne@example.org": answer}
    mailer = Mailer(server.config(), db, Credentials(), lambda address: f"d-{address.partition('@')[0]}")
    mailer.post(LETTER, "receipt|1", NOW, shopper_id=who)
    assert mailer.send_due(NOW) == 0
    with db.read() as session:
        assert (out_of_reach(session, who, Channel.EMAIL) is DeliveryReason.MAILBOX_MARKED) == marks
    set_consents(db, who, [ConsentChoice("location_offers", "email", True)], "2026-01", "me", NOW)
    server.box.refused = {}
    mailer.post(LETTER, "message|1", NOW, shopper_id=who)
    assert mailer.send_due(NOW + 1) == (0 if marks else 1)
