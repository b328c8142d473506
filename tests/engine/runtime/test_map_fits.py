"""Fits of radio maps: begun once, waited for, given up when the process stops, made anew after a restore."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from engine.positioning.learning.self_calibration import Fitted
from engine.runtime.map_fits import FitGivenUp, FitsInPlace, FitsInThread, MapFits

BOTH = pytest.mark.parametrize("make", [FitsInPlace, FitsInThread])


class Fit:
    """A fit that tells how often it was made, and by whom."""

    def __init__(self) -> None:
        self.made_by: list[threading.Thread] = []
        self.found = Fitted(None, None)

    def __call__(self) -> Fitted:
        self.made_by.append(threading.current_thread())
        return self.found


@BOTH
def test_the_result_is_that_of_the_fit_that_was_begun(make: Callable[[], MapFits]) -> None:
    fits, fit = make(), Fit()
    fits.begin(fit)
    assert fits.result() is fit.found
    assert len(fit.made_by) == 1


@BOTH
def test_a_result_is_given_once(make: Callable[[], MapFits]) -> None:
    fits = make()
    with pytest.raises(ValueError, match="no fit was begun"):
        fits.result()
    fits.begin(Fit())
    fits.result()
    with pytest.raises(ValueError, match="no fit was begun"):
        fits.result()


@BOTH
def test_the_fit_begun_last_counts(make: Callable[[], MapFits]) -> None:
    """A restore begins a fit while another one is still under way."""
    fits, old, new = make(), Fit(), Fit()
    fits.begin(old)
    fits.begin(new)
    assert fits.result() is new.found


@BOTH
def test_what_a_fit_raises_reaches_who_waits_for_it(make: Callable[[], MapFits]) -> None:
    def fails() -> Fitted:
        raise ZeroDivisionError("our bug")

    fits = make()
    fits.begin(fails)
    with pytest.raises(ZeroDivisionError, match="our bug"):
        fits.result()


def test_in_place_nothing_is_made_that_nobody_asks_for() -> None:
    fits, fit = FitsInPlace(), Fit()
    fits.begin(fit)
    assert fit.made_by == []
    fits.result()
    assert fit.made_by == [threading.current_thread()]


def test_a_thread_makes_it_beside_the_engine_and_keeps_no_process_alive() -> None:
    fits, fit = FitsInThread(), Fit()
    fits.begin(fit)
    fits.result()
    assert fit.made_by[0] is not threading.current_thread()
    assert fit.made_by[0].daemon


def test_fits_of_several_stores_are_made_one_at_a_time() -> None:
    first, second = FitsInThread(), FitsInThread()
    under_way, go_on, after = threading.Event(), threading.Event(), Fit()

    def slow() -> Fitted:
        under_way.set()
        assert go_on.wait(60.0)
        assert after.made_by == []
        return Fitted(None, None)

    first.begin(slow)
    assert under_way.wait(60.0)
    second.begin(after)
    go_on.set()
    first.result()
    assert second.result() is after.found


def test_who_waits_is_told_and_told_when_it_is_over() -> None:
    go_on, told = threading.Event(), list[bool]()
    fits = FitsInThread()

    def on_wait(waiting: bool) -> None:
        told.append(waiting)
        go_on.set()

    def slow() -> Fitted:
        assert go_on.wait(60.0)
        return Fitted(None, None)

    fits.on_wait = on_wait
    fits.begin(slow)
    fits.result()
    assert told[0]
    assert told.count(False) == 1
    assert not told[-1]


def test_who_is_to_stop_does_not_wait_but_takes_what_is_done() -> None:
    stopping, go_on = threading.Event(), threading.Event()
    fits, found = FitsInThread(stopping), Fitted(None, None)

    def slow() -> Fitted:
        assert go_on.wait(60.0)
        return found

    fits.begin(slow)
    stopping.set()
    with pytest.raises(FitGivenUp):
        fits.result()
    go_on.set()
    assert _after(fits) is found


def _after(fits: FitsInThread) -> Fitted:
    """The result, as soon as the fit is done."""
    while True:
        try:
            return fits.result()
        except FitGivenUp:
            continue


@pytest.mark.parametrize(("used_s", "owed_s"), [(3.0, 32.0), (3.3, 64.0), (0.01, 1.0)])
def test_a_fit_owes_a_rest_by_what_it_used_of_its_share(used_s: float, owed_s: float) -> None:
    ticks = iter([5.0, 5.0 + used_s])
    fits = FitsInThread(share=0.1, cpu_s=lambda: next(ticks))
    fits.begin(Fit())
    assert fits.owed_s == 0.0
    fits.result()
    assert fits.owed_s == owed_s


@BOTH
def test_without_a_share_nothing_is_owed(make: Callable[[], MapFits]) -> None:
    """Offline runs do not depend on how fast the machine is."""
    fits = make()
    fits.begin(Fit())
    fits.result()
    assert fits.owed_s == 0.0
