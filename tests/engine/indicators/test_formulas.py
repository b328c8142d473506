"""One test for each formula, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.indicators.catalogue import PRESETS
from engine.indicators.counts import Counts, FunnelCounts, store_counts
from engine.indicators.formulas import rate, ratio, share
from engine.indicators.presets import FigureSource, Indicator, connected_share
from engine.presence.expected.figures import Figure, Spread, ZoneSums
from engine.presence.expected.rows import TILL, ExpectedRow, stay_row
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


def test_every_version_is_that_of_its_thresholds() -> None:
    """Whoever stored a figure knows what it meant: a threshold that changes makes another version."""
    passing, stop, visit = {"passing_s": 60.0}, {"stop_s": 5.0, "stop_m": 1.5}, {"visit_s": 10.0, "join_s": 10.0}
    assert {name: (preset.version, dict(preset.thresholds)) for name, preset in PRESETS.items()} == {
        "capture": (1, passing), "bounce": (1, passing | {"bounce_s": 300.0}),
        "engaged": (1, passing | {"engaged_s": 900.0}), "dwell": (1, visit), "repeat": (1, {"again_days": 2.0}),
        "frequency": (1, {}), "conversion": (1, passing), "stops": (1, stop), "stop_rate": (1, stop | visit),
        "stop_purchase": (1, stop), "funnel": (1, stop | visit), "queue": (1, {}), "waiting": (1, {}),
    }  # fmt: skip


def test_a_rate_has_garwoods_interval_of_its_count() -> None:
    """Of three events 0.8177 to 7.7537, half of the chi-squared at 5 % of 6 degrees and at 95 % of 8."""
    found = rate(3, 10)
    assert found == Figure(0.3, pytest.approx(0.08177, abs=1e-5), pytest.approx(0.77537, abs=1e-5))
    assert (rate(None, 10), rate(3, None), rate(3, 0)) == (None, None, None)


@pytest.mark.parametrize(("part", "whole", "told"), [(0, 5, True), (5, 5, True), (6, 5, False), (-1, 5, False)])
def test_a_share_is_of_none_to_all(part: int, whole: int, told: bool) -> None:
    if told:
        assert share(part, whole) is not None
        return
    with pytest.raises(ValueError, match=f"^{part} of {whole} is no share$"):
        share(part, whole)


def test_a_ratio_has_what_places_do_to_everybody_in_it_and_never_goes_below_nothing() -> None:
    """0.25 ± 1.6449 sqrt(4 + 12 + (16 + 48) / 16) / 80."""
    found = ratio(Spread(20.0, 4.0, 12.0, 9.0), Spread(80.0, 16.0, 48.0, 9.0))
    half = 1.6449 * 20**0.5 / 80
    assert found == Figure(0.25, pytest.approx(0.25 - half), pytest.approx(0.25 + half))
    vague = ratio(Spread(20.0, 4000.0, 0.0, 0.0), Spread(80.0, 0.0, 0.0, 0.0))
    assert vague is not None
    assert vague.low == 0.0
    assert ratio(Spread(0.0, 0.0, 0.0, 0.0), Spread(1.0, 0.0, 0.0, 0.0)) == Figure(0.0, 0.0, 0.0)
    assert ratio(Spread(1.0, 0.0, 0.0, 0.0), Spread(-1.0, 0.0, 0.0, 0.0)) is None


def test_who_waits_is_time_at_tills_over_the_time_that_the_store_was_open() -> None:
    till = ExpectedRow(0.0, TILL + "1", 999.0, 3.0, 360.0, 90.0, 0.5, 400.0, 9.0, 3.0, 900.0, 30.0)
    counts = store_counts([till, replace(till, zone="tea", dwell_s=5000.0)], open_s=120.0)
    sums = ZoneSums.of([till])
    time = sums.time(360.0)
    assert counts.waiting == Spread(3.0, time.known_var / 14_400, time.common_var / 14_400, time.sample_var / 14_400)
    assert counts.wait == sums.mean_dwell()
    assert (counts.devices_heard, counts.came_in) == (0, 0)
    none = store_counts([stay_row(0.0, 500.0, hours_in("UTC"))], open_s=120.0)
    assert (none.waiting, none.wait, none.came_in, none.short_stays, none.long_stays) == (None, None, 1, 0, 0)
    assert (none.transactions, none.shoppers, none.dwell) == (None, None, None)


def test_what_was_not_counted_at_the_door_is_measured_at_the_tills() -> None:
    assert connected_share(Counts(door_count=100)) is None
    source, _ = connected_share(Counts(came_in=60, door_count=0, transactions=50)) or (None, None)
    assert source is FigureSource.TILL
    found = connected_share(Counts(came_in=0, door_count=100))
    assert found is not None
    assert (found[0], found[1].value, found[1].low) == (FigureSource.DOOR, 0.0, pytest.approx(0.0))
