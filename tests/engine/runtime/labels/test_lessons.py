"""What labels come to is worked out beside the engine: no step waits for it, and its share of a core is bounded."""

from __future__ import annotations

import threading
import time
from functools import cache

import numpy as np

from engine.config import Config
from engine.positioning.labels.lesson import Lesson
from engine.records import Fixes, Labels, Scans
from engine.runtime.labels.store_labels import LEARNING_S, StoreLabels
from engine.runtime.learning_locator import LearningLocator
from engine.runtime.map_fits import Fits, FitsInPlace, FitsInThread
from tests.engine.positioning.labels.shop import labels, shop

N = 160
END = 1000.0 + 10.0 * N + 100.0
"""By then every label of `teach` is due."""


@cache
def heard() -> tuple[Scans, Fixes, Labels]:
    """What N devices heard at the shop's products, one after the other, and their shelf scans."""
    plan, cells, radio_map = shop()
    own = labels(plan, cells, radio_map, N)
    device, t = own.number.astype(np.uint64) + 1, 1000.0 + 10.0 * np.arange(N)
    nothing, level = np.full((N, radio_map.n_ap), np.nan, np.float32), np.zeros(N, np.int32)
    cov, flat = np.tile(np.eye(2) * 2.0, (N, 1, 1)), np.full((N, len(cells)), 1.0 / len(cells), np.float32)
    fixes = Fixes(t, device, level, own.fix_x_m, own.fix_y_m, cov, level + radio_map.n_ap, flat)
    told = Labels(t, device, own.kind, own.product, level, own.x_m, own.y_m, np.zeros(N, np.bool_))
    return Scans(t, device, own.rssi_dbm, nothing, nothing, 0.0 * own.rssi_dbm), fixes, told


def made(lessons: Fits[Lesson]) -> StoreLabels:
    plan, cells, radio_map = shop()
    locator = LearningLocator(plan, cells, Config().positioning, FitsInPlace(), radio_map)
    out = StoreLabels(plan, cells, locator, lessons)
    out.set_willing(np.unique(heard()[0].device))
    return out


def teach(target: StoreLabels, first: int = 0, last: int = N, clock: float = END) -> None:
    (scans, fixes, told), part = heard(), slice(first, last)
    target.take([("labels/terminal", told.take(part))])
    target.learn(scans.take(part), fixes.take(part), clock)


def silence(target: StoreLabels, clock: float) -> None:
    teach(target, 0, 0, clock)


def test_a_lesson_is_used_a_minute_after_its_beginning_by_the_stores_clock() -> None:
    target = made(FitsInPlace())
    teach(target)
    silence(target, END + LEARNING_S - 1.0)
    assert (target.figures()["share"], target.lessons) == (0.0, 0)
    silence(target, END + LEARNING_S)
    assert target.figures()["share"] > 0.0
    assert target.lessons == 1


def test_no_step_waits_for_a_lesson() -> None:
    turns = threading.Lock()
    lessons = FitsInThread[Lesson](turns=turns)
    lessons.patient = False
    target = made(lessons)
    with turns:  # the lesson cannot go on
        teach(target)
        silence(target, END + 10 * LEARNING_S)
        assert target.figures()["share"] == 0.0
    until = time.monotonic() + 60.0
    while not lessons.ready and time.monotonic() < until:
        time.sleep(0.01)
    silence(target, END + 10 * LEARNING_S + 1.0)
    assert target.figures()["share"] > 0.0


def test_it_goes_on_after_a_restart_with_a_lesson_under_way() -> None:
    target, again = made(FitsInPlace()), made(FitsInPlace())
    teach(target)
    again.restore(target.state())
    for one in (target, again):
        silence(one, END + LEARNING_S)
    assert again.figures() == target.figures()
    later = made(FitsInPlace())
    later.restore(target.state())
    assert later.figures() == target.figures()
    assert later.figures()["share"] > 0.0


def test_a_state_of_before_there_were_lessons_has_none_and_rests_for_none() -> None:
    target = made(FitsInPlace())
    state = target.state()
    del state["lesson"]
    target.restore(state)
    assert target.state()["lesson"].tolist() == [0.0, np.inf, -np.inf]


def test_lessons_take_no_more_than_their_share_of_a_core() -> None:
    ticks = iter([0.0, 13.0, 20.0, 21.0])
    lessons = FitsInThread[Lesson](share=0.02, cpu_s=lambda: next(ticks))  # 13 s of work: 650 s, rounded up to 1024
    target = made(lessons)
    half = N // 2
    teach(target, 0, half, END)
    silence(target, END + LEARNING_S)
    teach(target, half, N, END + LEARNING_S + 1.0)  # twice as many: learnt anew, but not yet
    assert lessons.owed_s == 1024.0
    silence(target, END + 1023.0)
    assert lessons.ready
    assert not target.state()["lesson"][0]
    silence(target, END + 1024.0)
    assert target.state()["lesson"][0]


def test_the_night_turns_names_without_another_lesson() -> None:
    target = made(FitsInPlace())
    teach(target)
    silence(target, END + LEARNING_S)
    before = target.figures()
    target.rename({int(heard()[0].device[0]): 99})
    assert target.figures() == before
