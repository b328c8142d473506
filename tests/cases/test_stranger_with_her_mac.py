"""A stranger signed in with somebody else's MAC and got her coupons, and her zones with times.

What happened: the `client_mac` of the portal's address was believed. Input: a stranger who knows her MAC claims it
first, later, over the form and over JSON, with forged, foreign and used signatures, and from an address in the same
network. Right: no link, so no coupon and no history; she is not locked out; and her proof moves the phone to her.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.ratelimits import SIGN_INS_PER_MINUTE
from engine.ingest.decoders.native import NativeDecoder
from engine.privacy.proofs import ADDRESS_KEY, address_digest
from engine.privacy.pseudonyms import Pseudonyms
from engine.runtime.phones.owners import PhoneOwners
from engine.storage.database import open_database
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.phones import ask_release
from engine.storage.people.shoppers import SignIn, linked_devices, sign_in
from tests.api.conftest import config, plan, site
from tests.api.site import MAC, SECRETS, Site, small_plan
from tests.databases import new_sqlite
from tests.engine.storage.scenes import PAGE

__all__ = ["config", "plan", "site"]

HERS = Pseudonyms(SECRETS.site_key).stable(MAC)
NOW = 1_800_000_000.0
YES = {"consent": "location_offers:page"}
OFFERS = {"purpose": "location_offers", "channel": "page", "granted": True}


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


def owner(site: Site) -> str | None:
    link = linked_devices(site.db, "corner").get(HERS)
    return None if link is None else link.shopper_id


def test_a_mac_alone_links_nothing_and_locks_nobody_out(site: Site, stranger: httpx.Client) -> None:
    first = site.sign_in(stranger, client_mac=MAC)
    stranger.post("/w/corner", data={**YES, **site.form(stranger, {"client_mac": MAC})})
    assert owner(site) is None
    assert stranger.get("/v1/me").json()["phone"] == "pending"
    with site.client() as her:
        mine = site.sign_in(her, **site.redirect())
        assert owner(site) == mine != first
        assert her.get("/v1/me").json()["phone"] == "bound"
        for said in (
            {"client_mac": MAC},
            site.redirect() | {"portal_sig": "0" * 64},
            site.redirect(at=time.time() - 999),
        ):
            site.sign_in(stranger, **said)
            stranger.post("/w/corner", data={**YES, **site.form(stranger, said)})
            assert owner(site) == mine
        stranger.post("/opt-out/corner", data=site.form(stranger, {"client_mac": MAC}))
        assert stranger.post("/v1/me/fewer", json={"kind": "mute", "store": "corner"}).status_code in (200, 409)
        assert owner(site) == mine


def test_a_redirect_that_she_has_used_is_worth_nothing_to_others(site: Site, stranger: httpx.Client) -> None:
    sent = site.redirect()
    with site.client() as her:
        mine = site.sign_in(her, **sent)
        site.sign_in(stranger, **sent)
        assert owner(site) == mine
        assert stranger.get("/v1/me/export").json()["visits"] == []


def test_her_proof_takes_the_phone_from_an_earlier_profile(site: Site, stranger: httpx.Client) -> None:
    """Whoever had it before, with right or not, keeps the profile and loses the phone."""
    earlier = site.sign_in(stranger, **site.redirect(at=time.time() - 5))
    with site.client() as her:
        mine = site.sign_in(her, **site.redirect())
        assert owner(site) == mine
    me = stranger.get("/v1/me").json()
    assert (me["shopper_id"], me["phone"]) == (earlier, "none")


def test_on_the_same_network_only_her_address_proves_it(tmp_path: Path) -> None:
    """The controller says who has which address; the stranger calls from another one, before her and after."""
    db, plan = open_database(new_sqlite(tmp_path / "rayon.db")), small_plan()
    pseudonyms = Pseudonyms(SECRETS.site_key, NOW)
    decoder, owners = (
        NativeDecoder({"corner": plan.ap_index}, pseudonyms),
        PhoneOwners(db, {"corner": plan}, SECRETS, {"corner": pseudonyms}),
    )

    def claims(ip: str, at: float) -> str:
        phone = PhoneClaim(HERS, address_digest(SECRETS.derive_key(ADDRESS_KEY), ip))
        return sign_in(db, SignIn("corner", phone, None, None, None, "fr", [PAGE], "1", at)).shopper_id

    def connects(mac: str, ip: str, t: float) -> None:
        said = json.dumps({"mac": mac, "event": "connect", "t": t, "ip": ip}).encode()
        owners.hear(decoder.decode_session("rayon/corner/sessions/c1", said, t + 0.3), t + 0.3)

    def linked() -> list[str]:
        return [link.shopper_id for link in linked_devices(db, "corner").values()]

    claims("10.0.0.66", NOW)
    connects("02:aa:bb:cc:dd:66", "10.0.0.66", NOW - 30)
    connects(MAC, "10.0.0.5", NOW + 1)
    owners.settle(["corner"], NOW + 2)
    assert linked() == []
    hers = claims("10.0.0.5", NOW + 4)
    owners.settle(["corner"], NOW + 5)
    assert linked() == [hers]
    claims("10.0.0.66", NOW + 6)
    ask_release(db, "corner", PhoneClaim(HERS, address_digest(SECRETS.derive_key(ADDRESS_KEY), "10.0.0.66")), NOW + 7)
    owners.settle(["corner"], NOW + 8)
    assert linked() == [hers]
    ask_release(db, "corner", PhoneClaim(None, address_digest(SECRETS.derive_key(ADDRESS_KEY), "10.0.0.5")), NOW + 9)
    owners.settle(["corner"], NOW + 10)
    assert linked() == []
    db.close()


def test_her_phone_is_not_locked_out_by_those_who_name_its_mac(site: Site) -> None:
    """Twenty strangers' claims a minute used up what the phone itself may do; and told whether its owner was here."""
    body = {"store": "corner", "client_mac": MAC, "consents": [OFFERS]}
    for _ in range(SIGN_INS_PER_MINUTE + 5):
        with site.client() as stranger:
            assert stranger.post("/v1/sessions", json=body).status_code == 201
    with site.client() as her:
        assert her.post("/v1/sessions", json=body | site.redirect()).status_code == 201
        assert her.get("/v1/me").json()["phone"] == "bound"
