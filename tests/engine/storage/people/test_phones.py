"""Whose phone it is: a claim gives nothing, a proof moves the phone, and what was used is used."""

from __future__ import annotations

from dataclasses import replace

from engine.records import DeviceId, device_hex
from engine.storage.database import Database
from engine.storage.erasure import erase_shopper
from engine.storage.people.bindings import CLAIM_S, NOBODY, OpenClaim, PhoneClaim
from engine.storage.people.phones import (
    ask_release,
    claims_version,
    enter_code,
    open_claims,
    phone_of,
    phone_state,
    prove,
    purge_claims,
    renew_claim,
    take_pass,
    unlink_phones,
)
from engine.storage.people.shoppers import SignIn, linked_devices, links_version, set_consents, sign_in
from engine.vocabulary import Proof
from tests.engine.storage.people.test_shoppers import NO_PAGE, everything, mentions
from tests.engine.storage.scenes import NOW, PAGE, STORE, at_once, proved, shopper

PHONE = DeviceId(0xABCDEF0123456789)
CLAIMED = PhoneClaim(PHONE, address="address-1")


def claims(db: Database, phone: PhoneClaim = CLAIMED, at: float = NOW) -> str:
    """A new profile that claims a phone."""
    return sign_in(db, SignIn(STORE, phone, None, None, None, "fr", [PAGE], "2026-01", at)).shopper_id


def waiting(db: Database, who: str) -> OpenClaim:
    [claim] = [c for c in open_claims(db, STORE, NOW) if c.shopper_id == who]
    return claim


def test_a_claim_links_nothing_and_ends_by_itself(db: Database) -> None:
    before = claims_version(db, STORE)
    who = claims(db)
    assert claims_version(db, STORE) > before
    assert linked_devices(db, STORE) == {}
    assert (phone_state(db, who, STORE, NOW), phone_of(db, who, STORE)) == ("pending", None)
    assert waiting(db, who) == OpenClaim(STORE, who, "address-1", PHONE, NOW, "", 0.0)
    assert purge_claims(db, NOW + CLAIM_S - 1) == 0
    assert phone_state(db, who, STORE, NOW + CLAIM_S) == "none"
    assert purge_claims(db, NOW + CLAIM_S) == 1
    assert mentions(db, device_hex(PHONE)) == []


def test_a_proof_moves_the_phone_and_leaves_the_earlier_profile(db: Database) -> None:
    first = shopper(db, PHONE).shopper_id
    set_consents(db, first, [PAGE], "1", "me", NOW, store="annex", phone=proved(PHONE))
    second = claims(db)
    assert linked_devices(db, STORE)[PHONE].shopper_id == first
    before = links_version(db, "annex")
    assert prove(db, waiting(db, second), PHONE, Proof.SESSION, NOW + 7)
    link = linked_devices(db, STORE)[PHONE]
    assert (link.shopper_id, link.linked_at) == (second, NOW + 7)
    assert linked_devices(db, "annex") == {}
    assert links_version(db, "annex") > before
    assert phone_state(db, first, STORE, NOW) == "none"
    assert open_claims(db, STORE, NOW) == []


def test_whose_it_was_already_has_been_theirs_since_then(db: Database) -> None:
    who = shopper(db, PHONE).shopper_id
    again = SignIn(STORE, proved(PHONE), who, None, None, "fr", [PAGE], "2026-01", NOW + 500)
    sign_in(db, again)
    assert linked_devices(db, STORE)[PHONE].linked_at == NOW


def test_a_code_takes_a_phone_from_nobody(db: Database) -> None:
    first = shopper(db, PHONE).shopper_id
    second = claims(db)
    assert not prove(db, waiting(db, second), PHONE, Proof.CODE, NOW)
    assert linked_devices(db, STORE)[PHONE].shopper_id == first
    assert unlink_phones(db, STORE, first)
    assert prove(db, waiting(db, second), PHONE, Proof.CODE, NOW)
    assert phone_of(db, second, STORE) == PHONE


def test_a_signed_redirect_is_one_profile_s(db: Database) -> None:
    signed = proved(PHONE)
    owner = claims(db, signed)
    thief = claims(db, replace(signed, address="elsewhere"))
    assert linked_devices(db, STORE)[PHONE].shopper_id == owner
    assert phone_state(db, thief, STORE, NOW) == "pending"
    once_more = SignIn(STORE, signed, owner, None, None, "fr", [PAGE], "2026-01", NOW + 1)
    assert sign_in(db, once_more).shopper_id == owner  # a form sent twice
    assert linked_devices(db, STORE)[PHONE].shopper_id == owner


def test_no_consent_no_claim_and_withdrawing_forgets_it(db: Database) -> None:
    none = sign_in(db, SignIn(STORE, CLAIMED, None, None, None, "fr", [NO_PAGE], "2026-01", NOW))
    assert open_claims(db, STORE, NOW) == []
    renew_claim(db, STORE, none.shopper_id, CLAIMED, NOW)
    assert open_claims(db, STORE, NOW) == []
    who = claims(db)
    claim = waiting(db, who)
    set_consents(db, who, [NO_PAGE], "1", "me", NOW)
    assert mentions(db, device_hex(PHONE)) == []
    assert not prove(db, claim, PHONE, Proof.SESSION, NOW)  # the engine had read it before
    assert linked_devices(db, STORE) == {}


def test_erasure_forgets_claims_and_who_used_a_proof(db: Database) -> None:
    who = claims(db)
    sign_in(db, SignIn(STORE, proved(0x77), who, None, None, "fr", [PAGE], "2026-01", NOW))
    erase_shopper(db, who, NOW)
    assert mentions(db, who) == ["consent_log"]
    assert "device_claim" not in dict(everything(db))


def test_renewing_keeps_the_phone_that_was_named(db: Database) -> None:
    who = claims(db)
    renew_claim(db, STORE, who, PhoneClaim(address="address-2"), NOW + 9)
    assert [(c.address, c.device, c.claimed_at) for c in open_claims(db, STORE, NOW)] == [
        ("address-1", PHONE, NOW),
        ("address-2", PHONE, NOW + 9),
    ]
    prove(db, open_claims(db, STORE, NOW)[0], PHONE, Proof.SESSION, NOW)
    renew_claim(db, STORE, who, PhoneClaim(address="address-3"), NOW + 10)
    assert open_claims(db, STORE, NOW) == []  # nothing left to prove


def test_a_code_needs_a_phone_to_look_for(db: Database) -> None:
    bare = claims(db, PhoneClaim(address="address-9"))
    assert not enter_code(db, STORE, bare, "till-1", NOW)
    who = claims(db)
    assert enter_code(db, STORE, who, "till-1", NOW + 3)
    assert (waiting(db, who).code_place, waiting(db, who).code_at) == ("till-1", NOW + 3)


def test_opting_out_without_a_sign_in(db: Database) -> None:
    shopper(db, PHONE)
    ask_release(db, STORE, PhoneClaim(PHONE, address="address-5"), NOW)
    [claim] = open_claims(db, STORE, NOW)
    assert (claim.shopper_id, claim.device) == (NOBODY, None)  # an unproved MAC is not written down
    assert list(linked_devices(db, STORE)) == [PHONE]
    assert prove(db, claim, PHONE, Proof.SESSION, NOW)
    assert (linked_devices(db, STORE), open_claims(db, STORE, NOW)) == ({}, [])
    shopper(db, PHONE)
    ask_release(db, STORE, proved(PHONE), NOW)
    assert linked_devices(db, STORE) == {}


def test_of_many_who_take_a_pass_one_has_it(db: Database) -> None:
    said = at_once(8, lambda i: take_pass(db, "pass", f"browser {i}", NOW + 60))
    assert said == {"True": 1, "False": 7}
    assert purge_claims(db, NOW + 60) == 1
