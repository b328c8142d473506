"""How long a source must be behind by the same amount until it has a wrong clock: each bound, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.ingest.time.clocks import SourceClocks

NOW = 1_800_000_000.0


def corrected_at(raws: Sequence[float], every_s: float = 1.0, clocks: SourceClocks | None = None) -> int | None:
    """The first frame that is corrected, of frames that come `every_s` and are so many seconds behind."""
    clocks = clocks or SourceClocks(2.0)
    for i, raw in enumerate(raws):
        received = NOW + i * every_s
        if clocks.offset_s("c1", received - raw, received) != 0.0:
            return i
    return None


@pytest.mark.parametrize(
    ("behind_s", "every_s", "frame"),
    [
        (60.25, 1.0, 3),  # more than a minute: four frames over two seconds
        (60.25, 2.0, 3),
        (60.25, 0.5, 4),
        (60.25, 0.25, 8),
        (60.25, 0.125, 16),  # closer together than a quarter second they count as one
        (60.0, 1.0, 4),  # more than five seconds: five frames over four seconds
        (60.0, 2.0, 4),
        (5.25, 1.0, 4),
        (5.25, 0.5, 8),
        (5.0, 1.0, 5),  # less: five frames over five seconds
        (5.0, 1.25, 4),
        (2.25, 1.0, 5),
        (2.25, 0.5, 10),
        (2.0, 1.0, None),  # within the tolerance
    ],
)
def test_the_further_off_the_sooner(behind_s: float, every_s: float, frame: int | None) -> None:
    assert corrected_at([behind_s] * 30, every_s) == frame


@pytest.mark.parametrize(
    ("slope", "behind_s", "frame"),
    [
        (1 / 64, 3.0, 5),  # under 2 %: a clock
        (1 / 32, 3.0, None),  # 3 %: a backlog that is worked off
        (1 / 32, 61.0, 3),  # but of more than a minute 5 % are a clock
        (1 / 16, 61.0, None),
        (-1 / 16, 61.0, None),
    ],
)
def test_who_is_on_the_way_has_no_wrong_clock(slope: float, behind_s: float, frame: int | None) -> None:
    assert corrected_at([behind_s + slope * i for i in range(20)]) == frame


def test_half_a_second_of_scatter_is_constant_and_more_takes_the_longer_proof() -> None:
    """Of two values in turn the slope is 0 at every odd number of frames, and more than 2 and 5 % at even ones."""
    assert corrected_at([61.0, 61.5] * 10) == 4
    assert corrected_at([61.0, 61.75] * 10) == 6
    assert corrected_at([61.0, 63.25] * 10) is None, "more than the tolerance"
    narrow = SourceClocks(0.25)
    assert corrected_at([4.0, 4.5] * 10, clocks=narrow) == 6, "half a second, be the tolerance smaller"
    assert corrected_at([4.0, 4.75] * 10, clocks=SourceClocks(0.25)) is None


def test_what_was_ten_seconds_ago_counts_no_longer() -> None:
    """Twenty frames that are right, then three seconds behind: the eleventh of these stands alone."""
    assert corrected_at([0.0] * 20 + [3.0] * 20) == 30
    assert corrected_at([0.0] * 20 + [61.0] * 20) == 23, "the newest four are alike"
    assert corrected_at([61.0, 61.0, 61.0, 0.0] * 5) is None


def test_the_least_delayed_frame_tells_by_how_much() -> None:
    clocks = SourceClocks(2.0)
    assert corrected_at([61.5, 61.0, 61.5, 61.0, 61.5], clocks=clocks) == 4
    assert clocks.correction_s("c1") == 61.0
    close = SourceClocks(2.0)
    assert corrected_at([61.0, 62.0] * 20, 0.125, close) == 16, "a quarter second's least delayed one"
    assert close.correction_s("c1") == 61.0
    assert close.correction_s("nobody") == 0.0


@pytest.mark.parametrize(("raw", "given"), [(1.0, 0.0), (-1.0, 0.0), (1.25, 1.25)])
def test_a_corrected_clock_is_let_go_at_half_the_tolerance(raw: float, given: float) -> None:
    clocks = SourceClocks(2.0)
    corrected_at([300.0] * 6, clocks=clocks)
    for i in range(6, 40):
        clocks.offset_s("c1", NOW + i - raw, NOW + i)
    assert clocks.correction_s("c1") == given


def test_a_settled_clock_is_followed_by_a_thousandth_and_given_in_quarters() -> None:
    clocks = SourceClocks(2.0)
    for i in range(5):
        clocks.offset_s("c1", NOW + 20 * i - 300.0, NOW + 20 * i)
    for i in range(5, 18):  # thirteen frames of 20 s
        assert clocks.correction_s("c1") == 300.0
        clocks.offset_s("c1", NOW + 20 * i - 299.0, NOW + 20 * i)
        assert clocks.state()["c1"]["offset_s"] == pytest.approx(300.0 - 0.02 * (i - 4), abs=1e-9)
    assert clocks.correction_s("c1") == pytest.approx(300.0 - 0.26, abs=1e-9)


@pytest.mark.parametrize(
    ("tolerance_s", "raw", "offset_s"),
    [(2.0, -2.0, 0.0), (2.0, -2.125, -2.25), (2.0, -2.25, -2.25), (0.0625, -0.25, 0.0), (0.0625, -0.3125, -0.5)],
)
def test_nothing_comes_from_the_future(tolerance_s: float, raw: float, offset_s: float) -> None:
    assert SourceClocks(tolerance_s).offset_s("c1", NOW - raw, NOW) == offset_s


def test_our_clock_put_back_by_more_than_five_seconds_begins_anew() -> None:
    for back_s, kept in ((5.0, 4), (5.25, 1)):
        clocks = SourceClocks(2.0)
        corrected_at([0.0] * 3, clocks=clocks)
        clocks.offset_s("c1", NOW + 2.0 - back_s, NOW + 2.0 - back_s)
        assert len(clocks.state()["c1"]["window"]) == kept


def test_twelve_seconds_of_frames_are_kept_at_least_and_no_more_than_48() -> None:
    clocks = SourceClocks(2.0)
    corrected_at([0.0] * 60, 0.25, clocks)
    window = clocks.state()["c1"]["window"]
    assert window.shape == (48, 2)
    assert window[:, 0].tolist() == [NOW + 0.25 * i for i in range(12, 60)]
