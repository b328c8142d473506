"""Signatures under redirects, codes of places, and the secrets behind them."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from engine.errors import OperatorError, Problem
from engine.privacy.proofs import (
    CODE_STEP_S,
    address_digest,
    given_secrets,
    is_signed,
    place_code,
    place_of,
    portal_secrets,
    secret_variable,
    sign_redirect,
)
from engine.privacy.secrets import Secrets

SECRET, NOW, MAC = b"0123456789abcdef0123456789abcdef", 1_800_000_000, "02:AA-bb:cc:dd:01"
SITE = Secrets(b"a site key of more than thirty-two bytes", "manager-key-", "till-key----")
GOOD = {"mac": "02:aa:bb:cc:dd:01", "t": str(NOW), "now": float(NOW), "store": "corner"}


def signed(**changes: object) -> bool:
    said = {**GOOD, "signature": sign_redirect(SECRET, "corner", "02aabbccdd01", NOW), **changes}
    store, mac, t, signature = (str(said[name]) for name in ("store", "mac", "t", "signature"))
    return is_signed(SECRET, store, mac, t, signature, float(str(said["now"])), 300)


def test_the_signature_is_what_the_operations_page_says() -> None:
    """`store|mac|t`, HMAC-SHA256 in hexadecimal, whatever the spelling of the MAC."""
    right = hmac.new(SECRET, b"corner|02aabbccdd01|1800000000", hashlib.sha256).hexdigest()
    assert sign_redirect(SECRET, "corner", "02-AA-BB-CC-DD-01", NOW) == right
    with pytest.raises(ValueError, match="not a MAC"):
        sign_redirect(SECRET, "corner", MAC, NOW)


@pytest.mark.parametrize(
    "changes", [{}, {"mac": "02AABBCCDD01"}, {"now": NOW + 300.0}, {"now": NOW - 60.0}, {"upper": True}]
)
def test_a_fresh_signature_holds(changes: dict[str, object]) -> None:
    if changes.pop("upper", False):
        changes["signature"] = sign_redirect(SECRET, "corner", "02aabbccdd01", NOW).upper()
    assert signed(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"mac": "02:aa:bb:cc:dd:02"},
        {"mac": "no MAC"},
        {"store": "annex"},
        {"t": str(NOW + 1)},
        {"t": f"{NOW}.0"},
        {"t": f"-{NOW}"},
        {"t": ""},
        {"now": NOW + 301.0},
        {"now": NOW - 61.0},
        {"signature": ""},
        {"signature": "é"},
        {"signature": "0" * 64},
    ],
)
def test_any_other_does_not(changes: dict[str, object]) -> None:
    assert not signed(**changes)


def test_secrets_come_from_the_environment_store_by_store() -> None:
    assert secret_variable("main street-2") == "RAYON_PORTAL_SECRET_MAIN_STREET_2"
    given = portal_secrets(SITE, ["corner", "annex"], {"RAYON_PORTAL_SECRET_CORNER": SECRET.decode()})
    assert given.of("corner") == SECRET
    assert len(given.of("annex")) == 64  # derived: nobody outside knows it
    assert given.of("annex") != portal_secrets(SITE, ["corner"], {}).of("corner")
    assert SECRET.decode() not in repr(given)
    with pytest.raises(OperatorError, match="RAYON_PORTAL_SECRET_ANNEX"):
        portal_secrets(SITE, ["annex"], {"RAYON_PORTAL_SECRET_ANNEX": "short"})


def test_codes_of_places() -> None:
    code = place_code(SECRET, "corner", "till-1", NOW)
    assert len(code) == 6
    places = ["door", "till-1"]
    for typed in (code, code.lower(), f"{code[:3]} {code[3:]}", code.replace("0", "O").replace("1", "l")):
        assert place_of(SECRET, "corner", places, typed, NOW) == "till-1"
    assert place_of(SECRET, "corner", places, code, NOW + CODE_STEP_S) == "till-1"
    assert place_of(SECRET, "corner", places, code, NOW + 2 * CODE_STEP_S) is None
    assert place_of(SECRET, "annex", places, code, NOW) is None
    assert place_of(SECRET, "corner", ["door"], code, NOW) is None
    assert place_of(SECRET, "corner", [], code, NOW) is None
    assert place_of(SECRET, "corner", places, "é", NOW) is None
    assert len({place_code(SECRET, "corner", place, NOW + 60 * i) for place in places for i in range(50)}) == 100


def test_an_address_is_the_same_in_every_spelling() -> None:
    right = hmac.new(SECRET, b"address|192.0.2.7", hashlib.sha256).hexdigest()[:32]
    assert [address_digest(SECRET, text) for text in ("192.0.2.7", " 192.0.2.7 ", "::ffff:192.0.2.7")] == [right] * 3
    short = hmac.new(SECRET, b"address|2001:db8::1", hashlib.sha256).hexdigest()[:32]
    assert address_digest(SECRET, "2001:0DB8:0:0::0001") == short
    assert address_digest(b"another key", "192.0.2.7") != right
    with pytest.raises(ValueError, match="nobody"):
        address_digest(SECRET, "nobody")


@pytest.mark.parametrize(("length", "given"), [(0, True), (1, False), (31, False), (32, True)])
def test_a_portal_secret_has_thirty_two_signs_or_is_not_given(length: int, given: bool) -> None:
    environ = {"RAYON_PORTAL_SECRET_A": "x" * length, "RAYON_PORTAL_SECRET_B": "y" * 40}
    if given:
        assert given_secrets(["a", "b"], environ) == {"a": "x" * length, "b": "y" * 40}
    else:
        with pytest.raises(OperatorError) as refused:
            given_secrets(["a", "b"], environ)
        assert refused.value.problems == (
            Problem("RAYON_PORTAL_SECRET_A", "(value)", "too short", "at least 32 characters"),
        )
    assert given_secrets(["a"], {}) == {"a": ""}


def test_a_code_is_thirty_bits_of_the_hmac_in_crockfords_letters() -> None:
    """Bits from the low end of the first 64, five a sign, of `store|place|minute`."""
    number = int.from_bytes(hmac.new(SECRET, b"corner|door|30000000", hashlib.sha256).digest()[:8], "big")
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    expected = "".join(letters[number // 32**i % 32] for i in range(6))
    assert [place_code(SECRET, "corner", "door", NOW + s) for s in (0.0, 59.9)] == [expected] * 2
    assert place_code(SECRET, "corner", "door", NOW + 60.0) != expected
