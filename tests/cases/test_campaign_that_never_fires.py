"""A campaign that can never give anything out ran for weeks, and nobody was told why no coupon came.

Input: one cause at a time. Right value: each is named before it runs, and a campaign with none is told of none.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.offers.caps import Limits
from engine.offers.foretold.never import NeverReason, never_fires
from engine.offers.promise import Promise
from tests.api.site import campaign

NOW = 1_780_000_000.0  # a Thursday in May 2026
HOURS = {"from": "10:00", "to": "12:00"}
NONE_KEEPS = Promise(None, 0.4, 0.3, 0.2)


def reasons(changes: dict[str, Any], **known: Any) -> list[NeverReason]:
    limits = known.pop("limits", Limits(1, 3, 8))
    given = {"worth_minor": 99} | known
    return list(never_fires(campaign(**changes), NOW, ZoneInfo("Europe/Paris"), limits, **given))


@pytest.mark.parametrize(
    ("changes", "known", "said"),
    [
        ({"when": {"ends_at": "2026-01-01T00:00:00Z"}}, {}, "is_over"),
        ({"when": {"hours": [HOURS], "quiet_hours": [{"from": "09:00", "to": "13:00"}]}}, {}, "no_hour"),
        ({"when": {"days": ["mon"], "ends_at": "2026-05-30T00:00:00Z"}}, {}, "no_hour"),
        ({"caps": {"per_day": 1, "per_week": 0}}, {}, "no_cap"),
        ({}, {"limits": Limits(0, 3, 8)}, "no_site_cap"),
        ({"budget": {"max_vouchers": 0}}, {}, "no_budget"),
        ({"budget": {"max_amount_minor": 98}}, {}, "no_budget"),
        ({"audience": {"locales": ["xx"]}}, {}, "no_such_language"),
        ({}, {"reachable": False}, "no_such_place"),
        ({"precision": 0.9}, {"promise": NONE_KEEPS}, "not_precise"),
        ({}, {"message_minor": 31.0}, "no_gain"),
        ({}, {"asked": False}, "no_consent_asked"),
        ({}, {"worth_minor": 0}, "no_use_left"),
    ],
)
def test_each_cause_is_named(changes: dict[str, Any], known: dict[str, Any], said: str) -> None:
    assert reasons(changes, **known) == [said]


def test_a_campaign_that_can_speak_is_silent_about_none() -> None:
    assert reasons({}) == []
    assert reasons({"when": {"hours": [HOURS], "quiet_hours": [{"from": "11:00", "to": "13:00"}]}}) == []
    assert reasons({"when": {"starts_at": "2027-01-01T00:00:00Z"}}) == []  # not yet, but then
    assert reasons({}, promise=NONE_KEEPS) == []  # it promised nothing
