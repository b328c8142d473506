"""What keeps a campaign silent whatever happens: each limit from both of its sides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.offers.caps import Limits
from engine.offers.foretold.never import NeverReason, never_fires
from engine.offers.promise import Promise
from tests.engine.offers.plans import campaign

NOW = datetime(2026, 6, 4, 12, 0, tzinfo=UTC).timestamp()  # a Thursday
OPEN = Limits(1, 1, 1)


def reasons(limits: Limits = OPEN, known: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    given: dict[str, Any] = {"worth_minor": 200} | (known or {})
    found = never_fires(campaign(**changes), NOW, ZoneInfo("Europe/Paris"), limits, **given)
    return [str(one) for one in found]


def test_a_campaign_that_may_speak_is_told_of_nothing() -> None:
    assert reasons() == []


def test_it_is_over_at_its_end_and_not_before() -> None:
    assert reasons(when={"ends_at": "2026-06-04T12:00:00Z"}) == [NeverReason.IS_OVER]
    assert reasons(when={"ends_at": "2026-06-04T12:00:01Z"}) == []


def test_hours_are_looked_for_in_a_week_from_its_beginning_on() -> None:
    wednesdays = {"days": ["wed"], "hours": [{"from": "23:50", "to": "24:00"}]}
    assert reasons(when=wednesdays) == []  # six and a half days away
    assert reasons(when={**wednesdays, "ends_at": "2026-06-10T21:49:00Z"}) == [NeverReason.NO_HOUR]
    assert reasons(when={**wednesdays, "ends_at": "2026-06-10T21:56:00Z"}) == []  # 23:56 in Paris
    later = {"starts_at": "2026-08-01T00:00:00Z", "ends_at": "2026-08-03T00:00:00Z"}
    assert reasons(when={"days": ["sat"], **later}) == []
    assert reasons(when={"days": ["fri"], **later}) == [NeverReason.NO_HOUR]


@pytest.mark.parametrize("caps", [{"per_day": 0}, {"per_week": 0}])
def test_a_cap_of_none_is_never(caps: dict[str, int]) -> None:
    full = {"per_day": 1, "per_week": 1}
    assert reasons(caps={**full, **caps}) == [NeverReason.NO_CAP]
    assert reasons(caps=full) == []


@pytest.mark.parametrize("limits", [Limits(0, 1, 1), Limits(1, 0, 1), Limits(1, 1, 0)])
def test_a_sites_cap_of_none_is_never_for_all(limits: Limits) -> None:
    assert reasons(limits) == [NeverReason.NO_SITE_CAP]


def test_a_budget_must_hold_one_voucher() -> None:
    assert reasons(budget={"max_vouchers": 0}) == [NeverReason.NO_BUDGET]
    assert reasons(budget={"max_vouchers": 1}) == []
    assert reasons(budget={"max_amount_minor": 199}) == [NeverReason.NO_BUDGET]
    assert reasons(budget={"max_amount_minor": 200}) == []


def test_pages_speak_french_and_english() -> None:
    assert reasons(audience={"locales": ["de"]}) == [NeverReason.NO_SUCH_LANGUAGE]
    for spoken in ("fr", "en"):
        assert reasons(audience={"locales": ["de", spoken]}) == []


def test_a_message_must_not_cost_more_than_it_brings() -> None:
    """100 of margin, in three of ten cases: 30."""
    assert reasons(known={"message_minor": 30.0}) == []
    assert reasons(known={"message_minor": 30.1}) == [NeverReason.NO_GAIN]


def test_nobody_there_nobody_asked_nothing_worth() -> None:
    assert reasons(known={"reachable": False}) == [NeverReason.NO_SUCH_PLACE]
    assert reasons(known={"asked": False}) == [NeverReason.NO_CONSENT_ASKED]
    assert reasons(known={"worth_minor": 0}) == [NeverReason.NO_USE_LEFT]
    assert reasons(known={"worth_minor": 1}) == []


def test_a_precision_that_no_place_keeps_is_never_reached() -> None:
    broken = Promise(None, 0.4, 0.3, 0.2)
    assert not broken.kept
    assert reasons(known={"promise": broken}, precision=0.9) == [NeverReason.NOT_PRECISE]
    assert reasons(known={"promise": broken}) == []
    assert reasons(precision=0.9) == []
