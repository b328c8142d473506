"""Who is after a product: by view or stop, how often, how long ago, and whether bought."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from engine.offers.interests.condition import Interested, ProductInterest, ShopperTouches
from engine.presence.expected.stops import LikelyStop
from engine.privacy.consent import Grants
from engine.vocabulary import Channel, Purpose

DAY = 86_400.0
NOW = 100 * DAY
PAGE, CRM = (Purpose.LOCATION_OFFERS, Channel.PAGE), (Purpose.CRM, Channel.ANY)
BOTH: Grants = frozenset({PAGE, CRM})


def coat(**done: tuple[float, ...] | tuple[LikelyStop, ...]) -> ShopperTouches:
    return ShopperTouches((ProductInterest("COAT", "coats", **done),))  # type: ignore[arg-type]


def holds(condition: dict[str, object], touches: ShopperTouches, consents: Grants = BOTH) -> bool:
    return Interested.model_validate({"product": "COAT", **condition}).holds(touches, consents, NOW)


VIEWED, STOPPED = {"how": "viewed_online"}, {"how": "stopped_in_store"}


def test_looked_online_lately_and_has_not_bought() -> None:
    assert holds(VIEWED, coat(views=(NOW - DAY,)))
    assert not holds(VIEWED, coat(views=(NOW - 15 * DAY,)))
    assert holds(VIEWED | {"within_days": 20.0}, coat(views=(NOW - 15 * DAY,)))
    assert not holds(VIEWED, coat(views=(NOW + DAY,))), "from the future"
    assert not holds(VIEWED, coat(views=(NOW - DAY,), bought=(NOW - 2.0,)))
    assert holds(VIEWED | {"not_bought": False}, coat(views=(NOW - DAY,), bought=(NOW - 2.0,)))
    assert holds(VIEWED, coat(views=(NOW - DAY,), bought=(NOW - 50 * DAY,))), "long ago"
    assert not holds(VIEWED, coat(stops=(LikelyStop(NOW - DAY, 1.0),)))
    assert not holds(VIEWED, ShopperTouches())


def test_stopped_twice_is_two_likely_stops() -> None:
    twice = STOPPED | {"times": 2}
    stops = (LikelyStop(NOW - DAY, 0.9), LikelyStop(NOW - 2 * DAY, 0.6))
    assert holds(STOPPED, coat(stops=stops))
    assert holds(twice, coat(stops=stops))
    assert not holds(twice, coat(stops=stops[:1]))
    assert not holds(twice, coat(stops=(*stops[:1], LikelyStop(NOW - 2 * DAY, 0.3))))
    assert not holds(STOPPED, coat(stops=tuple(LikelyStop(NOW - i, 0.2) for i in range(1, 9)))), "many passes"


def test_a_category_is_any_of_its_products_and_shared_stops_are_one() -> None:
    stop = (LikelyStop(NOW - DAY, 0.9),)
    both = ShopperTouches((ProductInterest("A", "coats", stops=stop), ProductInterest("B", "coats", stops=stop)))
    of_coats = {"product": None, "category": "coats"}
    assert holds(STOPPED | of_coats, both)
    assert not holds(STOPPED | of_coats | {"times": 2}, both)
    assert not holds(STOPPED | {"product": None, "category": "hats"}, both)


@pytest.mark.parametrize("consents", [frozenset(), frozenset({PAGE}), frozenset({CRM})])
def test_of_nobody_who_did_not_agree_to_both(consents: Grants) -> None:
    assert not holds(VIEWED, coat(views=(NOW - DAY,)), consents)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"product": "A", "category": "b"}, *({"product": "A", "within_days": days} for days in (0.0, 91.0))],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Interested.model_validate({"how": "viewed_online", **wrong})


def stops_of(*chances: float) -> ShopperTouches:
    """A second apart."""
    return coat(stops=tuple(LikelyStop(NOW - i, p) for i, p in enumerate(chances)))


@pytest.mark.parametrize(
    ("condition", "touches", "meant"),
    [
        (VIEWED, coat(views=(NOW - 14 * DAY,)), True),
        (VIEWED, coat(views=(NOW - 14 * DAY - 1,)), False),
        (VIEWED, coat(views=(NOW,)), True),
        (VIEWED, coat(views=(NOW + 1,)), False),
        (VIEWED, coat(views=(NOW, NOW - 14 * DAY), bought=(NOW - 14 * DAY,)), False),
        (VIEWED, coat(views=(NOW,), bought=(NOW - 14 * DAY - 1,)), True),
        (VIEWED, coat(views=(NOW,), bought=(NOW,)), False),
        (VIEWED, coat(views=(NOW,), bought=(NOW + 1,)), True),
        (VIEWED | {"times": 2}, coat(views=(NOW - 1, NOW - 1)), True),
        (VIEWED | {"times": 2}, coat(views=(NOW - 1,)), False),
        (STOPPED, coat(stops=(LikelyStop(NOW - 14 * DAY, 0.7),)), True),
        (STOPPED, coat(stops=(LikelyStop(NOW - 14 * DAY - 1, 0.7),)), False),
        (STOPPED, coat(stops=(LikelyStop(NOW, 0.7),)), True),
        (STOPPED, coat(stops=(LikelyStop(NOW + 1, 0.7),)), False),
        (STOPPED, coat(stops=(LikelyStop(NOW, 0.699),)), False),
        (STOPPED | {"times": 3}, stops_of(0.5, 0.6, 1.0), True),
        (STOPPED | {"times": 3}, stops_of(0.49, 0.6, 1.0), False),
        (STOPPED, coat(stops=(LikelyStop(NOW - 1, 0.3), LikelyStop(NOW - 1, 0.8), LikelyStop(NOW - 1, 0.1))), True),
    ],
)  # fmt: skip
def test_both_ends_of_the_window_count_and_each_stop_is_seven_tenths_sure(
    condition: dict[str, object], touches: ShopperTouches, meant: bool
) -> None:
    assert holds(condition, touches) is meant


def test_products_without_a_category_are_of_none() -> None:
    of_coats = Interested.model_validate({"how": "viewed_online", "category": "coats"})
    coats = Interested.model_validate({"how": "viewed_online", "product": "COAT"})
    assert [of_coats.is_about("COAT", name) for name in ("coats", "", "hats")] == [True, False, False]
    assert [coats.is_about(sku, "coats") for sku in ("COAT", "HAT")] == [True, False]
