"""One test for each formula, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.indicators.catalogue import PRESETS
from engine.indicators.counts import Counts, FunnelCounts, store_counts
from engine.indicators.formulas import share
from engine.indicators.presets import FigureSource, Indicator, connected_share
from engine.presence.expected.figures import Figure, Spread
from engine.presence.expected.rows import TILL, stay_row
from engine.presence.local_hours import hours_in


def made(indicator: Indicator, **counted: object) -> Figure:
    figure = PRESETS[indicator].work_out(Counts(**counted))  # type: ignore[arg-type]
    assert isinstance(figure, Figure)
    assert figure.low <= figure.value <= figure.high
    return figure


def nothing(indicator: Indicator, **counted: object) -> bool:
    return not PRESETS[indicator].work_out(Counts(**counted))  # type: ignore[arg-type]


def test_capture_is_who_came_in_of_who_was_heard() -> None:
    figure = made(Indicator.CAPTURE, devices_heard=400, came_in=100)
    assert figure == Figure(0.25, pytest.approx(0.2161, abs=1e-4), pytest.approx(0.2873, abs=1e-4))
    assert nothing(Indicator.CAPTURE, devices_heard=0, came_in=0)


def test_bounce_is_who_left_at_once_of_who_came_in() -> None:
    assert made(Indicator.BOUNCE, came_in=80, short_stays=20).value == 0.25
    assert nothing(Indicator.BOUNCE, came_in=80)


def test_engaged_is_who_stayed_long_of_who_came_in() -> None:
    assert made(Indicator.ENGAGED, came_in=80, long_stays=60).value == 0.75


def test_dwell_is_the_expected_mean_with_its_interval() -> None:
    figure = made(Indicator.DWELL, dwell=Spread(40.0, 9.0, 16.0, 100.0))
    assert figure == Figure(40.0, pytest.approx(40 - 5 * 1.6449), pytest.approx(40 + 5 * 1.6449))


def test_repeat_and_frequency_are_of_shoppers_who_agreed_alone() -> None:
    assert made(Indicator.REPEAT, shoppers=50, shoppers_again=10).value == 0.2
    assert made(Indicator.FREQUENCY, shoppers=50, shopper_days=75).value == 1.5
    for indicator in (Indicator.REPEAT, Indicator.FREQUENCY):
        assert PRESETS[indicator].sources == (FigureSource.CONSENTED,)
        assert nothing(indicator, came_in=1000, devices_heard=2000), "other devices are not followed from day to day"


def test_conversion_is_transactions_to_who_came_in_and_may_be_more_than_one_each() -> None:
    assert made(Indicator.CONVERSION, transactions=30, came_in=100).value == 0.3
    assert made(Indicator.CONVERSION, transactions=150, came_in=100).value == 1.5
    none = made(Indicator.CONVERSION, transactions=0, came_in=100)
    assert (none.low, none.high) == (0.0, pytest.approx(0.02996, abs=1e-5))  # -ln(0.05) / 100


def test_stops_and_their_rate_are_expected_figures() -> None:
    stops, passes = Spread(20.0, 4.0, 0.0, 20.0), Spread(80.0, 16.0, 0.0, 80.0)
    assert made(Indicator.STOPS, stops=stops).value == 20.0
    rate = made(Indicator.STOP_RATE, stops=stops, passes=passes)
    assert rate.value == 0.25
    assert rate.high - 0.25 == pytest.approx(1.6449 * (4.0 + 0.0625 * 16.0) ** 0.5 / 80)
    assert nothing(Indicator.STOP_RATE, stops=stops, passes=Spread(0.0, 0.0, 0.0, 0.0))


def test_stop_to_purchase_is_who_bought_of_who_stopped() -> None:
    assert made(Indicator.STOP_PURCHASE, stop_shoppers=40, stop_buyers=8).value == 0.2


def test_the_funnel_gives_each_step_of_who_entered() -> None:
    steps = PRESETS[Indicator.FUNNEL].work_out(Counts(funnel=FunnelCounts(200, 100, 50, 10)))
    assert isinstance(steps, list)
    assert [step.value for step in steps if step] == [0.5, 0.25, 0.05]
    assert nothing(Indicator.FUNNEL)


def test_queue_and_waiting_are_of_tills() -> None:
    assert made(Indicator.QUEUE, waiting=Spread(3.0, 1.0, 0.0, 0.0)).value == 3.0
    assert made(Indicator.WAITING, wait=Spread(90.0, 4.0, 0.0, 0.0)).value == 90.0


def test_a_store_s_own_rows_tell_who_came_and_who_waits() -> None:
    utc = hours_in("UTC")
    rows = [stay_row(0.0, stay_s, utc) for stay_s in (0.0, 59.0, 60.0, 299.0, 300.0, 899.0, 900.0)]
    rows += [replace(stay_row(0.0, 120.0, utc), zone=f"{TILL}till-{i}") for i in (1, 2)]
    counts = store_counts(rows, open_s=120.0)
    assert (counts.devices_heard, counts.came_in, counts.short_stays, counts.long_stays) == (7, 5, 2, 1)
    assert counts.waiting is not None
    assert counts.waiting.value == 2.0
    assert counts.wait is not None
    assert counts.wait.value == 120.0
    assert made(Indicator.CAPTURE, devices_heard=counts.devices_heard, came_in=counts.came_in).value == 5 / 7


def test_every_indicator_has_a_preset_that_says_everything() -> None:
    assert set(PRESETS) == set(Indicator)
    for indicator, preset in PRESETS.items():
        assert preset.identifier is indicator
        assert preset.version >= 1
        assert all((preset.name, preset.description, preset.formula, preset.groupings, preset.sources, preset.biases))
        assert f"{0.5:{preset.form}}"
        for name in (word for word in preset.formula.split() if word.endswith(("_s", "_m", "_days"))):
            assert name in preset.thresholds, f"{indicator}: the formula names {name}"


def test_nothing_counted_is_no_figure() -> None:
    assert all(nothing(indicator) for indicator in Indicator)


def test_more_than_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no share"):
        share(3, 2)


def test_who_is_in_the_figures_is_measured_against_the_door_and_else_the_tills() -> None:
    source, part = connected_share(Counts(came_in=60, door_count=100, transactions=50)) or (None, None)
    assert source is FigureSource.DOOR
    assert part is not None
    assert part.value == 0.6
    source, part = connected_share(Counts(came_in=60, transactions=50)) or (None, None)
    assert source is FigureSource.TILL
    assert part is not None
    assert part.value == 1.0, "who bought are fewer than who came: all of them at most"
    assert connected_share(Counts(came_in=60)) is None
