"""Thresholds from a store's own labels and tracks keep the stated word, whatever P is worth and whoever passes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.offers.measured.calibration import (
    LEAST_DEVICES,
    MIDDLES,
    STEPS,
    THRESHOLDS,
    WAYS,
    WRONG,
    Labelled,
    calibrate_threshold,
    logistic_shares,
    step_of,
    worth_of,
)
from engine.records import F64, I64, Bools


def labels_of(devices: int, bias: float, rng: np.random.Generator) -> Labelled:
    """People who pause: P says mostly much, and is right with probability p^bias; each device has its own error. Of the
    labels as many are wrong as planograms are."""
    device = np.repeat(np.arange(devices), 5)
    score = rng.beta(1.5, 0.7, len(device))
    own = np.clip(score**bias + np.repeat(rng.normal(0.0, 0.05, devices), 5), 0.0, 1.0)
    return labels_at(device, score, (rng.random(len(device)) < own) & (rng.random(len(device)) >= WRONG))


def labels_at(device: I64, score: F64, right: Bools) -> Labelled:
    """Each sets off what its score reaches."""
    came = score[:, None] >= THRESHOLDS
    return Labelled(device, right, np.where(came, step_of(score)[:, None], -1).astype(np.int8), came, device % 5 + 1)


def passing(n: int, bias: float, rng: np.random.Generator) -> tuple[F64, Bools]:
    """The store's triggers, of which labels are no sample: those who pass outnumber those who pause, and P says little
    of them."""
    score = np.concatenate([rng.beta(1.5, 0.7, n), rng.beta(0.8, 4.0, 2 * n)])
    return score, rng.random(len(score)) < score**bias


def counted(score: F64, moving: int = 0) -> F64:
    """What sets off a campaign at each threshold: everything of at least so much; all of them stand, or all move."""
    out = np.zeros((WAYS, len(THRESHOLDS), len(STEPS)))
    for at, least in enumerate(THRESHOLDS.tolist()):
        np.add.at(out[moving, at], step_of(score[score >= least]), 1.0)
    return out


@pytest.mark.parametrize("bias", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("wanted", [0.7, 0.8])
def test_the_word_is_kept_among_all_who_pass_whatever_p_is_worth(bias: float, wanted: float) -> None:
    """What is expected is no margin: thresholds from 80 devices miss the word on thousands of others by chance, either
    way, and seldom by more than their own interval."""
    off, inside = [], []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        fired = counted(passing(60, bias, rng)[0])
        found = calibrate_threshold(labels_of(80, bias, rng), fired, 5 * fired, wanted, rng)
        assert found is not None
        score, right = passing(5000, bias, rng)
        true = float(right[score >= found.threshold].mean())
        off.append(true - wanted)
        inside.append(found.low <= true <= found.high)
    assert abs(np.mean(off)) <= 0.03
    assert min(off) >= -0.11
    assert np.mean(inside) >= 0.7


def test_labels_that_are_all_right_promise_nothing_of_those_who_pass() -> None:
    """At a place where everybody who was labelled was right, whatever P said: the lowest threshold would keep any word
    among them. Triggers are of people for whom P says next to nothing, of whom no label speaks."""
    rng = np.random.default_rng(1)
    labels = labels_at(np.arange(60), np.full(60, 0.97), np.ones(60, np.bool_))
    fired = counted(np.concatenate([np.full(40, 0.97), np.full(60, 0.12)]))
    found = calibrate_threshold(labels, fired, fired, 0.9, rng)
    assert found is not None
    assert found.threshold > 0.12
    assert found.low <= found.precision <= found.high


def test_who_passes_is_worth_as_much_less_as_they_are_there_for_less_than_the_dwell() -> None:
    """Labels are of people who stand: whoever walks across a place in nine tenths of its dwell is none of them."""
    rng = np.random.default_rng(3)
    labels, score = labels_of(200, 0.5, rng), rng.random(400)
    stands, passes = counted(score), counted(score, moving=1)
    stood, went = (calibrate_threshold(labels, fired, fired, 0.8, rng, 0.9) for fired in (stands, passes))
    assert stood is not None
    assert went is not None
    assert went.threshold > stood.threshold + 0.05
    assert calibrate_threshold(labels, passes, passes, 0.95, rng, 0.9) is None, "nothing that passes is as right"
    long = calibrate_threshold(labels, passes, passes, 0.8, rng)
    assert long is not None
    assert long.threshold == stood.threshold, "crossing takes as long as the campaign asks"


def test_recall_is_told_no_higher_than_what_came_at_labels() -> None:
    """Of the triggers nine in ten that are right come at a P of 0.97; P was never so sure of those who are labelled. Of
    labels that are wrong nothing comes, and nothing should."""
    rng = np.random.default_rng(6)
    score = rng.uniform(0.2, 0.5, 400)
    labels = labels_at(np.arange(400), score, rng.random(400) < score)
    fired = counted(np.concatenate([np.full(60, 0.97), np.full(20, 0.32)]))
    found = calibrate_threshold(labels, fired, fired, 0.9, rng)
    assert found is not None
    came = np.interp(found.threshold, THRESHOLDS, labels.came[labels.right].mean(axis=0))
    assert found.recall == pytest.approx(min(came / (1.0 - WRONG), 1.0), abs=1e-9)
    assert found.recall < 0.8


def test_a_campaign_with_few_triggers_goes_by_the_stores() -> None:
    """Five triggers that all look right say little where the store's others do not."""
    rng = np.random.default_rng(1)
    labels = labels_of(200, 1.0, rng)
    store, few = counted(np.full(300, 0.55)), counted(np.full(5, 0.97))
    found = calibrate_threshold(labels, few, store, 0.9, rng)
    many = calibrate_threshold(labels, 40 * few, store, 0.9, rng)
    assert many is not None
    assert many.threshold == THRESHOLDS[0]
    assert found is not None
    assert found.threshold > 0.55


def test_few_devices_say_nothing_and_a_bad_store_promises_nothing() -> None:
    rng = np.random.default_rng(1)
    fired = counted(rng.random(100))
    assert calibrate_threshold(labels_of(LEAST_DEVICES - 1, 1.0, rng), fired, fired, 0.5, rng) is None
    assert worth_of(labels_of(LEAST_DEVICES - 1, 1.0, rng), rng) is None
    hopeless = labels_at(np.arange(100), rng.random(100), np.zeros(100, np.bool_))
    assert calibrate_threshold(hopeless, fired, fired, 0.5, rng) is None
    assert calibrate_threshold(labels_of(80, 1.0, rng), 0 * fired, 0 * fired, 0.5, rng) is None


def test_what_p_is_worth_rises_with_it() -> None:
    worth = worth_of(labels_of(60, 2.0, np.random.default_rng(2)), np.random.default_rng(3))
    assert worth is not None
    assert (np.diff(worth, axis=1) >= 0).all()


def test_shares_are_ps_own_word_until_labels_say_otherwise() -> None:
    middles = (STEPS + np.append(STEPS[1:], 1.0)) / 2
    assert logistic_shares(np.zeros((1, len(STEPS))), np.zeros((1, len(STEPS))))[0] == pytest.approx(middles)
    true = middles**2
    assert logistic_shares(1e4 * true[None], np.full((1, len(STEPS)), 1e4))[0] == pytest.approx(true, abs=0.06)
    assert (np.diff(logistic_shares(5 * middles[None, ::-1], np.full((1, len(STEPS)), 5.0))[0]) >= 0).all()


def test_labels_that_contradict_p_are_believed() -> None:
    """Where P is right the less the surer it is, the line is level, since it may not fall, at the share of all; but for
    the labels that are wrong themselves."""
    right, pairs = np.zeros((2, 3, len(STEPS)))
    pairs[0, 0], right[0, 0] = 500.0, 487.0
    pairs[1, 10] = 60.0
    pairs[2, [3, 8]], right[2, [3, 8]] = 4000.0, (3000.0, 1000.0)
    found = logistic_shares(right, pairs)
    assert found == pytest.approx(np.repeat([[0.986], [0.051], [0.526]], len(STEPS), axis=1), abs=2e-3)


def test_wrong_labels_do_not_make_p_less_worth() -> None:
    """Of a thousand triggers of each step labels call 5 % of those wrong that are right, however sure P was."""
    true = MIDDLES**0.7
    found = logistic_shares(1000 * (1.0 - WRONG) * true[None], np.full((1, len(STEPS)), 1000.0))[0]
    assert found[1:] == pytest.approx(true[1:], abs=0.06)
    assert found[-1] > 0.97


def test_a_threshold_lies_between_two_where_the_word_does() -> None:
    rng = np.random.default_rng(4)
    labels, fired = labels_of(80, 1.0, rng), counted(passing(400, 1.0, rng)[0])
    found = [calibrate_threshold(labels, fired, fired, wanted, rng) for wanted in (0.7, 0.71, 0.72, 0.73)]
    assert None not in found
    assert [f.precision for f in found if f] == pytest.approx([0.7, 0.71, 0.72, 0.73])
    thresholds = [f.threshold for f in found if f]
    assert (np.diff(thresholds) > 0).all()
    assert all(f.low < f.precision < f.high for f in found if f)
    assert (np.diff([f.recall for f in found if f]) <= 0).all()


def test_a_score_counts_in_the_step_that_it_has_reached() -> None:
    assert step_of(np.array([-0.1, 0.0, 0.049, 0.05, 0.2, 0.899, 0.9, 0.95, 1.0])).tolist() == [
        0,
        0,
        0,
        1,
        3,
        9,
        10,
        11,
        11,
    ]


def test_forty_devices_say_something_however_many_pairs_each_has() -> None:
    """One trigger is one pair, at however many thresholds; and a step that nobody had keeps the line's word."""
    rng = np.random.default_rng(5)
    score = np.repeat([0.55, 0.97], 20)
    labels = labels_at(np.arange(40), score, score > 0.9)
    worth = worth_of(labels, rng)
    assert worth is not None
    pairs, right = np.zeros((2, 1, len(STEPS)))
    pairs[0, [6, 11]], right[0, 11] = 20.0, 20.0
    assert worth[0] == pytest.approx(logistic_shares(right, pairs)[0])
    assert worth[0, 6] < 0.2
    assert worth[0, 11] > 0.9
    assert len(worth) > 100


def read_aloud(
    labels: Labelled, fired: F64, together: F64, crossing: float
) -> tuple[list[float], list[float], list[float]]:
    """By threshold: the mean of what triggers are worth, with eight triggers of the store's mix among them, where who
    crosses a place is worth `crossing` as much; what share of labels that are right had their trigger; and how many
    triggers are right."""
    worth = worth_of(labels, np.random.default_rng(0))
    assert worth is not None
    precision, right = [], []
    for at in range(len(THRESHOLDS)):
        share = 8.0 / max(together[:, at].sum(), 1.0)
        n = [[fired[m, at, s] + share * together[m, at, s] for s in range(len(STEPS))] for m in (0, 1)]
        good = sum(n[m][s] * worth[0, s] * (crossing if m else 1.0) for m in (0, 1) for s in range(len(STEPS)))
        precision.append(good / sum(map(sum, n)))
        right.append(good)
    came = [float(np.mean([c[at] for c, r in zip(labels.came, labels.right, strict=True) if r])) for at in range(13)]
    return precision, came, right


@pytest.mark.parametrize(("crossing", "below", "share"), [(1.0, 4, 0.4), (0.6, 8, 0.75), (0.3, 1, 0.5)])
def test_the_threshold_is_the_rule_read_aloud(crossing: float, below: int, share: float) -> None:
    """For a word that lies a `share` of the way between what two thresholds are worth."""
    rng = np.random.default_rng(8)
    labels = labels_of(120, 1.4, rng)
    fired = counted(rng.random(60)) + counted(rng.random(20), moving=1)
    together = 2 * fired + counted(rng.beta(0.8, 4.0, 300)) + counted(rng.beta(0.8, 4.0, 100), moving=1)
    precision, came, right = read_aloud(labels, fired, together, crossing)
    wanted = precision[below] + share * (precision[below + 1] - precision[below])
    assert max(precision[: below + 1]) < wanted < precision[below + 1], "the lowest that will do"
    found = calibrate_threshold(labels, fired, together, wanted, np.random.default_rng(0), crossing)
    assert found is not None
    assert found.threshold == pytest.approx(np.interp(below + share, np.arange(13), THRESHOLDS))
    assert found.precision == pytest.approx(wanted)
    reached = [min(min(c / 0.95, 1.0), came[0] * r / max(right)) for c, r in zip(came, right, strict=True)]
    assert found.recall == pytest.approx(np.interp(below + share, np.arange(13), reached))
    lowest = calibrate_threshold(labels, fired, together, precision[0] - 1e-6, np.random.default_rng(0), crossing)
    assert lowest is not None
    assert (lowest.threshold, lowest.precision) == (THRESHOLDS[0], pytest.approx(precision[0]))
    assert calibrate_threshold(labels, fired, together, max(precision) + 1e-6, rng, crossing) is None
