"""What the engine takes for a proof: an address that one phone has, a fix beside a code that was just entered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.ingest.decoders.native import NetworkSession
from engine.privacy.proofs import address_digest
from engine.records import DeviceId, Fixes
from engine.runtime.phones import proofs as rules
from engine.runtime.phones.proofs import PhoneProofs
from engine.storage.people.bindings import OpenClaim
from engine.vocabulary import Proof, SessionChange
from tests.engine.runtime.made import boutique

PLAN, KEY, NOW = boutique(), b"a key of addresses", 1_800_000_000.0
HERS, OTHER = DeviceId(11), DeviceId(22)
IP = "10.20.0.17"
CLAIM = OpenClaim(PLAN.store, "ana", address_digest(KEY, IP), HERS, NOW, "", 0.0)
TILL = next(o for o in PLAN.openings if o.category == "checkout")
AT_TILL = replace(CLAIM, code_place=TILL.id, code_at=NOW)
DAILY = 909


def session(
    device: DeviceId | None = HERS,
    t: float = NOW - 9,
    ip: str | None = IP,
    event: SessionChange = SessionChange.CONNECT,
    source: str = "c1",
) -> NetworkSession:
    return NetworkSession(PLAN.store, source, device, event, t, "", None, ip)


def all_left(source: str, t: float) -> NetworkSession:
    return session(None, t, None, SessionChange.DISCONNECT, source)


def proved(claim: OpenClaim, *heard: NetworkSession, late_s: float = 1.0) -> list[tuple[DeviceId, Proof]]:
    proofs = PhoneProofs(PLAN, KEY)
    for said in heard:
        proofs.hear(said, said.t + late_s)
    return [(found.device, found.proof) for found in proofs.settle([claim], {}, NOW + 20)]


@pytest.mark.parametrize("named", [HERS, None])
def test_the_phone_that_has_the_caller_s_address(named: DeviceId | None) -> None:
    assert proved(replace(CLAIM, device=named), session()) == [(HERS, Proof.SESSION)]
    assert proved(replace(CLAIM, device=named), session(t=NOW + rules.JUST_AFTER_S)) == [(HERS, Proof.SESSION)]


@pytest.mark.parametrize(
    ("claim", "heard"),
    [
        (CLAIM, []),
        (replace(CLAIM, address=address_digest(KEY, "10.20.0.18")), [session()]),  # who knows the MAC, elsewhere
        (replace(CLAIM, address=""), [session()]),
        (replace(CLAIM, device=OTHER), [session()]),  # who names another's phone at their own address
        (CLAIM, [session(ip=None)]),
        (CLAIM, [session(), session(OTHER)]),  # behind one address, as by a NAT
        (CLAIM, [session(), session(t=NOW - 5, event=SessionChange.DISCONNECT)]),
        (CLAIM, [session(t=NOW + rules.JUST_AFTER_S + 1)]),  # she got the address after the claim was made
    ],
)
def test_nobody_else(claim: OpenClaim, heard: list[NetworkSession]) -> None:
    assert proved(claim, *heard) == []


def test_an_address_that_was_given_on() -> None:
    """Who had it at the time of the claim, when both came and went as they should."""
    leaves = session(OTHER, NOW - 20, event=SessionChange.DISCONNECT)
    assert proved(CLAIM, session(OTHER, NOW - 90), leaves, session()) == [(HERS, Proof.SESSION)]


def test_a_controller_that_starts_anew_gave_its_addresses_back() -> None:
    assert proved(CLAIM, session(), all_left("c1", NOW - 5)) == []
    assert proved(CLAIM, session(), all_left("other", NOW - 5)) == [(HERS, Proof.SESSION)]
    assert proved(CLAIM, session(), all_left("c1", NOW + 1)) == [(HERS, Proof.SESSION)], "she asked before"
    assert proved(CLAIM, session(OTHER, NOW - 60), all_left("c1", NOW - 30), session()) == [(HERS, Proof.SESSION)]


def test_a_source_without_addresses_takes_none_away() -> None:
    assert proved(CLAIM, session(), session(t=NOW - 5, ip=None, source="cloud")) == [(HERS, Proof.SESSION)]
    assert proved(CLAIM, session(), session(t=NOW - 5, ip=None)) == []


def test_old_news_is_none() -> None:
    assert proved(CLAIM, session(), late_s=rules.NEWS_S + 1) == []


def test_addresses_are_the_same_in_any_spelling() -> None:
    claim = replace(CLAIM, address=address_digest(KEY, "::ffff:10.20.0.17"))
    assert proved(claim, session()) == [(HERS, Proof.SESSION)]
    assert address_digest(KEY, "2001:DB8::1") == address_digest(KEY, "2001:db8:0:0:0:0:0:1")
    assert address_digest(KEY, IP) != address_digest(b"another key", IP)
    with pytest.raises(ValueError):  # whatever it says, it is no address
        address_digest(KEY, "unknown")


def test_memory_is_bounded_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_PHONES", 3)
    crowd = [session(DeviceId(100 + i), ip=f"10.0.0.{i}") for i in range(3)]
    assert proved(CLAIM, session(), *crowd) == []
    proofs = PhoneProofs(PLAN, KEY)
    proofs.hear(session(), NOW)
    assert proofs.settle([CLAIM], {}, NOW + rules.REMEMBERED_S) == []


def fix(t: float, x_m: float, y_m: float, level: int = 0, sigma_m: float = 2.0) -> Fixes:
    cov = np.eye(2)[None] * sigma_m**2 / 2
    n_ap, posterior = np.full(1, 4, np.int32), np.ones((1, 1))
    device, place = np.array([DAILY], np.uint64), np.array([level], np.int32)
    return Fixes(np.array([t]), device, place, np.array([x_m]), np.array([y_m]), cov, n_ap, posterior)


def at_code(claim: OpenClaim, seen: Fixes, goes_as: int = DAILY) -> list[tuple[DeviceId, Proof]]:
    proofs = PhoneProofs(PLAN, KEY)
    proofs.see(seen, [DAILY])
    return [(p.device, p.proof) for p in proofs.settle([claim], {HERS: goes_as}, NOW + 20)]


X_M, Y_M = TILL.geometry.centroid.x, TILL.geometry.centroid.y


@pytest.mark.parametrize("t", [NOW - rules.CODE_BEFORE_S, NOW, NOW + rules.CODE_AFTER_S])
def test_a_fix_beside_the_code(t: float) -> None:
    assert at_code(AT_TILL, fix(t, X_M + rules.NEAR_M - 0.1, Y_M)) == [(HERS, Proof.CODE)]


@pytest.mark.parametrize(
    ("claim", "seen", "goes_as"),
    [
        (AT_TILL, fix(NOW, X_M + rules.NEAR_M + 0.1, Y_M), DAILY),
        (AT_TILL, fix(NOW, X_M, Y_M, level=1), DAILY),
        (AT_TILL, fix(NOW, X_M, Y_M, sigma_m=rules.NEAR_M + 0.1), DAILY),
        (AT_TILL, fix(NOW - rules.CODE_BEFORE_S - 1, X_M, Y_M), DAILY),
        (AT_TILL, fix(NOW + rules.CODE_AFTER_S + 1, X_M, Y_M), DAILY),
        (AT_TILL, fix(NOW, X_M, Y_M), 5),  # it is another phone that stands there
        (CLAIM, fix(NOW, X_M, Y_M), DAILY),  # no code was entered
        (replace(AT_TILL, device=None), fix(NOW, X_M, Y_M), DAILY),
        (replace(AT_TILL, code_place="nowhere"), fix(NOW, X_M, Y_M), DAILY),
    ],
)
def test_no_proof_without_standing_there(claim: OpenClaim, seen: Fixes, goes_as: int) -> None:
    assert at_code(claim, seen, goes_as) == []


def test_only_the_fixes_of_claimed_phones_are_kept() -> None:
    proofs = PhoneProofs(PLAN, KEY)
    proofs.see(fix(NOW, X_M, Y_M), [DAILY + 1])
    assert proofs.settle([AT_TILL], {HERS: DAILY}, NOW) == []
    proofs.see(fix(NOW, X_M, Y_M), [DAILY])
    proofs.see(fix(NOW, X_M, Y_M), [])  # nobody claims it any more
    assert proofs.settle([AT_TILL], {HERS: DAILY}, NOW) == []
