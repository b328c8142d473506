"""What the e-mail provider tells, signed: nothing goes to such a mailbox any more; a complaint is heeded at once."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from api.controllers.mail_events import MAIL_EVENTS
from engine.config import Config
from engine.privacy.consent import ConsentChoice
from engine.privacy.identifiers import mailbox_digest
from engine.storage.messages.reach import out_of_reach
from engine.storage.models.identity import IdentifierTable
from engine.storage.people.shoppers import consent_log, get_shopper, set_consents
from engine.storage.sending.marks import find_last_complaint
from engine.vocabulary import Channel, DeliveryReason, Purpose
from tests.api.conftest import served
from tests.api.site import SECRETS, Site, small_plan
from tests.databases import new_sqlite

SECRET = "whsec_" + base64.b64encode(b"a made-up key of 24 byte").decode()
MAIL = (Purpose.LOCATION_OFFERS, Channel.EMAIL)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("mail")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(MAIL_EVENTS, SECRET)
        with served(new_sqlite(folder / "rayon.db"), Config.model_validate({"api": {"port": 0}}), small_plan()) as made:
            yield made


def reader(site: Site, email: str) -> str:
    with site.client() as browser:
        who = site.sign_in(browser)
    set_consents(site.db, who, [ConsentChoice(*MAIL, True)], "2026-11-29", "me", time.time())
    digest = mailbox_digest(SECRETS, email)
    assert digest is not None
    with site.db.write() as session:
        session.add(IdentifierTable(kind="email", digest=digest, shopper_id=who, sealed="", verified_at=1.0))
    return who


def tell(site: Site, *events: dict[str, object], at: float | None = None, secret: str = SECRET) -> int:
    body, at = json.dumps({"events": events}), time.time() if at is None else at
    signature = Webhook(secret).sign("m1", datetime.fromtimestamp(at, UTC), body)
    headers = {"webhook-id": "m1", "webhook-timestamp": str(int(at)), "webhook-signature": signature}
    return httpx.post(f"{site.url}/v1/mail/events", content=body, headers=headers, timeout=60, verify=False).status_code


def way(site: Site, who: str) -> DeliveryReason | None:
    with site.db.read() as session:
        return out_of_reach(session, who, Channel.EMAIL)


def test_a_mailbox_that_is_none_gets_nothing_and_one_that_may_be_later_goes_on(site: Site) -> None:
    who = reader(site, "ann@example.org")
    assert tell(site, {"type": "bounce", "email": "ann@example.org", "delayed": True}) == 200
    assert way(site, who) is None
    for _ in range(2):
        assert tell(site, {"type": "bounce", "email": "Ann@Example.org"}, {"type": "bounce", "email": "no one"}) == 200
    assert way(site, who) is DeliveryReason.MAILBOX_MARKED
    assert MAIL in get_shopper(site.db, who).grants, "her answer stands: another mailbox may be proved"


def test_a_complaint_ends_the_consent_and_is_remembered(site: Site) -> None:
    who = reader(site, "bob@example.org")
    assert tell(site, {"type": "complaint", "email": "bob@example.org"}) == 200
    assert MAIL not in get_shopper(site.db, who).grants
    assert consent_log(site.db, who)[-1].place == "complaint:email"
    with site.db.read() as session:
        assert find_last_complaint(session, who) == pytest.approx(time.time(), abs=120)


def test_nobody_else_may_speak(site: Site) -> None:
    who, said = reader(site, "eve@example.org"), {"type": "complaint", "email": "eve@example.org"}
    assert tell(site, said, secret="whsec_" + base64.b64encode(b"b" * 24).decode()) == 401
    assert tell(site, said, at=time.time() - 4_000) == 400
    assert tell(site, {"type": "opened", "email": "eve@example.org"}) == 400
    site.server.app.state.mail_events_secret, kept = "", site.server.app.state.mail_events_secret
    assert tell(site, said) == 401, "without a secret the door is shut"
    site.server.app.state.mail_events_secret = kept
    assert MAIL in get_shopper(site.db, who).grants
