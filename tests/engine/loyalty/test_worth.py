"""What points are worth: whole numbers, rounded down, and never less than nothing."""

from __future__ import annotations

import pytest

from engine.config import check_worth, parse_config
from engine.errors import OperatorError
from engine.loyalty.worth import worth_minor


@pytest.mark.parametrize(
    ("points", "per_points", "amount_minor", "worth"),
    [
        (120, 100, 100, 120),
        (199, 200, 100, 99),
        (1, 200, 100, 0),
        (0, 1, 1, 0),
        (-50, 1, 1, 0),  # a return took more than was there
        (10**15, 3, 2, 666_666_666_666_666),
    ],
)
def test_worth_is_rounded_down(points: int, per_points: int, amount_minor: int, worth: int) -> None:
    assert worth_minor(points, per_points, amount_minor) == worth


def test_a_programme_has_one_rate_in_a_currency_that_exists() -> None:
    rate = {"points": 100, "amount_minor": 100, "currency": "EUR"}
    config = parse_config({"loyalty": {"worth": [rate, rate | {"programme": "stars"}]}}, "config.yaml")
    assert config.loyalty.of("points") is not None
    assert config.loyalty.of("miles") is None
    for wrong in ([rate, rate], [rate | {"currency": "EURO"}], [rate | {"points": 0}], [rate | {"amount_minor": 0.5}]):
        with pytest.raises(OperatorError, match=r"loyalty\.worth"):
            parse_config({"loyalty": {"worth": wrong}}, "config.yaml")


def test_a_rate_that_nobody_would_be_told_is_refused_at_the_start() -> None:
    rates = [{"programme": name, "points": 1, "amount_minor": 1, "currency": name.upper()} for name in ("eur", "usd")]
    loyalty = parse_config({"loyalty": {"worth": rates}}, "config.yaml").loyalty
    check_worth(loyalty, {"EUR", "USD"}, "config.yaml")
    with pytest.raises(OperatorError, match=r"loyalty\.worth\[1\]\.currency"):
        check_worth(loyalty, {"EUR"}, "config.yaml")
