"""A wallet on another phone: links by e-mail, loyalty cards, sessions, and phones that change hands."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import select

from api.shoppers import identity
from api.shoppers.identity import LETTERS_PER_ASKER
from engine.config import ApiConfig, Config, MailConfig
from engine.privacy.identifiers import open_value
from engine.storage.models.identity import IdentifierTable, IdentityLinkTable
from engine.storage.models.sending.letters import LetterTable
from engine.storage.people.identifiers import LETTERS_PER_HOUR
from engine.storage.people.phones import phone_of
from engine.vocabulary import IdentifierKind
from tests.api.site import SECRETS, Site

ANA = "Ana@Example.org"
OTHER = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3) Version/18.3 Safari/604.1"


@pytest.fixture
def config() -> Config:
    """A mail server that never answers: letters are read from the outbox."""
    return Config(
        api=ApiConfig(port=0),
        mail=MailConfig(host="192.0.2.1", sender="shop@example.org", timeout_s=1, security="none"),
    )


@pytest.fixture
def phone(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        site.sign_in(client)
        yield client


def letters(site: Site) -> list[str]:
    with site.db.read() as session:
        return list(session.exec(select(LetterTable.body).order_by(LetterTable.letter_id)))


def ask(site: Site, browser: httpx.Client, email: str = ANA) -> str:
    """Asks for a link, and gives its path as the newest letter has it."""
    said = browser.post("/me/identity/email", data={"email": email})
    assert said.status_code == 200, said.text
    [path] = re.findall(r"(/id/[\w-]+)", letters(site)[-1])
    return str(path)


def who(browser: httpx.Client) -> str | None:
    answer = browser.get("/v1/me")
    return str(answer.json()["shopper_id"]) if answer.status_code == 200 else None


def add(site: Site, browser: httpx.Client) -> None:
    """The address becomes this browser's profile's."""
    assert browser.post(ask(site, browser)).status_code == 303


def test_the_wallet_on_another_phone(site: Site, phone: httpx.Client) -> None:
    voucher = site.issue(who(phone) or "", time.time())
    add(site, phone)
    known = phone.get("/v1/me/identity").json()["identifiers"]
    assert [(i["kind"], i["value"]) for i in known] == [("email", "ana@example.org")]
    with site.client(**{"User-Agent": OTHER}) as other:
        link = ask(site, other, "ana@example.org")
        other.post(link)
        assert who(other) == who(phone)
        assert [v["voucher_id"] for v in other.get("/v1/me/vouchers").json()["items"]] == [voucher]
        labels = {s["label"]: s["here"] for s in other.get("/v1/me/identity").json()["sessions"]}
    assert labels == {"Safari, iPhone": True, "Android": False}


def test_looking_at_a_link_does_nothing(site: Site, phone: httpx.Client) -> None:
    """However often a mail scanner does."""
    add(site, phone)
    link = ask(site, phone)
    with site.client() as scanner:
        for _ in range(3):
            assert "name" not in scanner.get(link).cookies
            assert scanner.head(link).status_code in (200, 405)
        assert who(scanner) is None
    assert phone.post(link).status_code == 303


def test_choices_are_told_before_the_page_is_taken_over(site: Site, phone: httpx.Client) -> None:
    """The same choice on every device: who opens the link reads what holds there, and then presses."""
    add(site, phone)
    with site.client() as other:
        link = ask(site, other)
        assert "Vos choix, qui valent aussi sur cet appareil" in other.get(link).text
        assert who(other) is None


@pytest.mark.parametrize(("lang", "words"), [("fr", "Ce lien a déjà servi"), ("en", "This link has been used")])
def test_a_replayed_link_says_so_kindly(site: Site, phone: httpx.Client, lang: str, words: str) -> None:
    link = ask(site, phone)
    assert phone.post(link).status_code == 303
    with site.client() as thief:
        for answer in (thief.post(link, params={"lang": lang}), thief.get(link, params={"lang": lang})):
            assert answer.status_code == 410
            assert words in answer.text
        assert who(thief) is None


def test_an_old_link_and_a_guessed_one(site: Site, phone: httpx.Client) -> None:
    link = ask(site, phone)
    with site.db.write() as session:
        for row in session.exec(select(IdentityLinkTable)):
            row.expires_at = time.time() - 1
    assert "quart d" in phone.post(link).text
    guessed = phone.post("/id/" + "A" * 32)
    assert (guessed.status_code, "ouvre rien" in guessed.text) == (410, True)


def test_a_stranger_in_her_name_gets_nothing(site: Site, phone: httpx.Client) -> None:
    """Signed in as himself, he asks for a link to her mailbox; she follows it on her own phone."""
    with site.client() as him, site.client() as her:
        site.sign_in(him)
        link = ask(site, him)
        page = her.get(link)
        assert "autre navigateur" in page.text
        answer = her.post(link)
        assert answer.status_code == 410  # no page has this address, and it is not added to his
        assert who(her) is None
        assert him.get("/v1/me/identity").json()["identifiers"] == []


def test_the_answer_is_the_same_whether_the_address_is_known(site: Site, phone: httpx.Client) -> None:
    add(site, phone)
    with site.client() as asker:
        said = [asker.post("/me/identity/email", data={"email": m}) for m in (ANA, "nobody@example.org")]
    assert said[0].text == said[1].text
    known, unknown = letters(site)[-2:]
    assert "/id/" in known
    assert "/id/" not in unknown


def test_a_mailbox_is_not_filled(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One asker has few letters, so that the owner of the mailbox, elsewhere, has some left; all together have nine."""
    with site.client() as asker:
        said = {asker.post("/me/identity/email", data={"email": ANA}).text for _ in range(10)}
        assert len(letters(site)) == LETTERS_PER_ASKER
        for line in "abcde":
            monkeypatch.setattr(identity, "network_of", lambda _, line=line: line)
            said |= {asker.post("/me/identity/email", data={"email": ANA}).text for _ in range(2)}
    assert len(said) == 1
    assert len(letters(site)) == LETTERS_PER_HOUR


def test_two_profiles_become_one_and_two_again(site: Site, phone: httpx.Client) -> None:
    add(site, phone)
    with site.client() as second:
        own = site.sign_in(second)
        voucher = site.issue(own, time.time())
        second.post(ask(site, second))
        assert who(second) == who(phone)
        assert [v["voucher_id"] for v in phone.get("/v1/me/vouchers").json()["items"]] == [voucher]
        [merged] = phone.get("/v1/me/identity").json()["merges"]
        assert phone.post(f"/v1/me/merges/{merged['merge_id']}/split").status_code == 200
        assert phone.get("/v1/me/vouchers").json()["items"] == []


def test_sessions_are_listed_and_ended(site: Site, phone: httpx.Client) -> None:
    add(site, phone)
    with site.client(**{"User-Agent": OTHER}) as lost:
        lost.post(ask(site, lost))
        [there] = [s for s in phone.get("/v1/me/identity").json()["sessions"] if not s["here"]]
        page = phone.get("/me/identity").text
        assert "Safari, iPhone" in page
        assert phone.delete(f"/v1/me/sessions/{there['session_id']}").status_code == 200
        assert phone.delete(f"/v1/me/sessions/{there['session_id']}").status_code == 404
        assert who(lost) is None
        assert lost.get("/me").status_code == 401
    assert who(phone) is not None


def test_a_shared_tablet(site: Site) -> None:
    """Its cookie ends with the browser, it is nobody's phone, and signing out leaves nothing."""
    with site.client() as tablet:
        fields = site.form(tablet, site.redirect())
        answer = tablet.post(f"/w/{site.plan.store}", data={"consent": "location_offers:page", "shared": "1", **fields})
        cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("rayon_shopper"))
        assert "max-age" not in cookie.lower()
        shopper = who(tablet)
        assert shopper is not None
        assert phone_of(site.db, shopper, site.plan.store) is None
        out = tablet.post("/me/sign-out")
        assert '"storage"' in out.headers["clear-site-data"]
        assert who(tablet) is None


def test_who_asked_is_known_an_hour_but_on_a_shared_tablet_until_it_is_closed(site: Site, phone: httpx.Client) -> None:
    """A phone closes its browser while its owner looks into the mailbox."""

    def lasts(browser: httpx.Client) -> list[str]:
        said = browser.post("/me/identity/email", data={"email": ANA}).headers.get_list("set-cookie")
        (cookie,) = [c for c in said if c.startswith("rayon_asked")]
        return re.findall(r"max-age=(\d+)", cookie.lower())

    assert lasts(phone) == ["3600"]
    with site.client() as tablet:
        fields = site.form(tablet, site.redirect())
        tablet.post(f"/w/{site.plan.store}", data={"consent": "location_offers:page", "shared": "1", **fields})
        assert lasts(tablet) == []


def test_accounts_of_several_systems_of_one_shop_are_one_line(site: Site, phone: httpx.Client) -> None:
    add(site, phone)
    mine = who(phone)
    assert mine is not None
    rows = [
        IdentifierTable(
            kind=IdentifierKind.ACCOUNT, digest=f"{n}" * 32, shopper_id=mine, sealed="", verified_at=1.0, via=""
        )
        for n in range(3)
    ]
    with site.db.write() as session:
        session.add_all(rows)
    page = phone.get("/me/identity?lang=en").text
    assert page.count("Your account at our online shop") == 1
    assert ANA.lower() in page


def test_a_phone_that_changes_hands(site: Site) -> None:
    """The second owner finds the first one's page in the browser, says so, and signs in: nothing of before is there."""
    with site.client() as phone:
        first = site.sign_in(phone, **site.redirect())
        site.issue(first, time.time())
        stolen = phone.cookies["rayon_shopper"]
        assert phone.post("/me/not-me").status_code == 303
        assert who(phone) is None
        phone.cookies.set("rayon_shopper", stolen)
        assert who(phone) is None
        phone.cookies.clear()
        second = site.sign_in(phone, **site.redirect(at=time.time() - 5))
        assert second != first
        assert phone.get("/v1/me/vouchers").json()["items"] == []
    assert phone_of(site.db, first, site.plan.store) is None
    assert phone_of(site.db, second, site.plan.store) is not None


def test_a_loyalty_card_needs_its_proof(site: Site, phone: httpx.Client) -> None:
    cards = {"cards": [{"number": "9250 0000 1234", "proof": "scratch-77"}]}
    with site.manager() as shop:
        assert shop.post("/v1/cards", json=cards).status_code == 200
    assert phone.post("/v1/cards", json=cards).status_code == 401
    card = {"number": "925000001234", "proof": "scratch-77"}
    with site.client() as stranger:
        wrong = [
            stranger.post("/me/identity/card", data=card | c) for c in ({"proof": "1234"}, {"number": "925000009999"})
        ]
        assert wrong[0].text == wrong[1].text
        assert wrong[0].status_code == 409
    assert phone.post("/me/identity/card", data=card).status_code == 303
    [known] = phone.get("/v1/me/identity").json()["identifiers"]
    assert (known["kind"], known["value"]) == ("card", "••••••••1234")
    with site.client() as other:
        assert other.post("/me/identity/card", data=card).status_code == 303
        assert who(other) == who(phone)
    with site.client() as guesser:
        for i in range(6):
            guesser.post("/me/identity/card", data=card | {"proof": f"guess-{i}"})
        assert guesser.post("/me/identity/card", data=card).status_code == 429  # the right one, too, for an hour


def test_nothing_is_kept_in_clear(site: Site, phone: httpx.Client) -> None:
    add(site, phone)
    with site.db.read() as session:
        [link] = session.exec(select(IdentityLinkTable)).all()
    assert "ana@" not in repr(link.model_dump())
    assert open_value(SECRETS, link.sealed) == "ana@example.org"
