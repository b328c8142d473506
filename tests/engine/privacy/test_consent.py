"""Consent: nothing ticked beforehand, per purpose and channel, and the last word counts."""

from __future__ import annotations

import pytest

from engine.privacy.consent import (
    Consent,
    ConsentChoice,
    Grants,
    allows,
    allows_joining,
    allows_targeting,
    may_ask,
    replay,
)
from engine.vocabulary import Channel, Purpose


def said(shopper: str, purpose: str, channel: str, granted: bool, at: float) -> Consent:
    return Consent(shopper, purpose, channel, granted, "2026-01", "portal", at)


def test_silence_is_no() -> None:
    assert not any(allows(frozenset(), p, c) for p in Purpose for c in Channel)
    assert not allows_targeting(frozenset())


def test_offers_are_granted_per_channel() -> None:
    grants = frozenset({("location_offers", "page")})
    assert allows(grants, "location_offers", "page")
    assert not any(allows(grants, "location_offers", c) for c in Channel if c != "page")
    assert not any(allows(grants, p, c) for p in Purpose if p != "location_offers" for c in Channel)


@pytest.mark.parametrize("purpose", ["statistics", "crm", "clerk"])
def test_other_purposes_are_granted_once_for_all_channels(purpose: str) -> None:
    grants = frozenset({(purpose, "any")})
    assert all(allows(grants, purpose, c) for c in Channel)  # type: ignore[arg-type]
    assert not allows_targeting(grants)
    assert not allows(frozenset({(purpose, "page")}), purpose, "page")  # type: ignore[arg-type]


@pytest.mark.parametrize("channel", ["page", "push", "email", "sms"])
def test_any_channel_of_offers_makes_a_target(channel: str) -> None:
    assert allows_targeting(frozenset({("location_offers", channel)}))


@pytest.mark.parametrize(
    ("purpose", "channel"),
    [
        ("offers", "page"),
        ("location_offers", "fax"),
        ("location_offers", "any"),  # a yes to everything is no yes
        ("crm", "email"),
        ("", ""),
    ],
)
def test_answers_that_make_no_sense_are_refused(purpose: str, channel: str) -> None:
    with pytest.raises(ValueError):
        ConsentChoice(purpose, channel, True)  # type: ignore[arg-type]


def test_the_last_word_counts_per_purpose_and_channel() -> None:
    log = [
        said("a", "location_offers", "page", True, 1),
        said("a", "location_offers", "push", True, 2),
        said("b", "crm", "any", True, 3),
        said("a", "location_offers", "page", False, 4),
        said("b", "crm", "any", False, 5),
        said("b", "crm", "any", True, 6),
    ]
    assert replay(log) == {"a": frozenset({("location_offers", "push")}), "b": frozenset({("crm", "any")})}
    assert replay(log[:4])["a"] == frozenset({("location_offers", "push")})
    assert replay([]) == {}


def test_what_does_not_exist_is_named_as_such() -> None:
    with pytest.raises(ValueError, match=r"unknown purpose 'gossip': one of .*location_offers"):
        ConsentChoice("gossip", "any", True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"unknown channel 'pigeon': one of .*page"):
        ConsentChoice("location_offers", "pigeon", True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="needs a channel of its own"):
        ConsentChoice(Purpose.LOCATION_OFFERS, Channel.ANY, True)
    with pytest.raises(ValueError, match=r"^consent to crm is given for the channel 'any', got 'email'$"):
        ConsentChoice(Purpose.CRM, Channel.EMAIL, True)
    with pytest.raises(ValueError, match=r"^consent to location_offers needs a channel of its own, got 'any'$"):
        ConsentChoice(Purpose.LOCATION_OFFERS, Channel.ANY, False)
    assert ConsentChoice(Purpose.LOCATION_OFFERS, Channel.SMS, False).granted is False


OFFERS: Grants = frozenset({(Purpose.LOCATION_OFFERS, Channel.PAGE)})
CRM: Grants = frozenset({(Purpose.CRM, Channel.ANY)})
COUNTED: Grants = frozenset({(Purpose.STATISTICS, Channel.ANY)})


@pytest.mark.parametrize(
    ("grants", "joined"),
    [
        (frozenset(), False), (CRM, False), (OFFERS | COUNTED, False), (CRM | OFFERS, True), (CRM | COUNTED, True),
        (CRM | {(Purpose.CLERK, Channel.ANY)}, False),
    ],
)  # fmt: skip
def test_visits_are_put_beside_the_shops_files_with_a_consent_to_each(grants: Grants, joined: bool) -> None:
    """CNIL SAN-2025-017: matching is a purpose of its own, beside that for which it is done."""
    assert allows_joining(grants) is joined
    assert not allows_joining(OFFERS | CRM, purposes=frozenset({Purpose.STATISTICS}))
    assert allows_joining(OFFERS | CRM, purposes=frozenset({Purpose.LOCATION_OFFERS}))


def test_whoever_refused_is_asked_again_after_six_months() -> None:
    months = 183 * 86_400.0
    assert [may_ask(1000.0, 1000.0 + after) for after in (0.0, months - 1.0, months)] == [False, False, True]
