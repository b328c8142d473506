"""Triggers and coupons against the truth: precision, recall and delay of cases that can be counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.files.outcomes import CouponTable, DecisionLogTable
from engine.referee.shares import interval_by_device
from engine.referee.triggers import SLACK_S, Miss, TriggerReport, score_triggers


def due(*rows: tuple[str, str, float, float, str]) -> CouponTable:
    """(device, campaign, since, until, outcome); due 5 s after `since`."""
    device, campaign, since, until, outcome = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    text, start = [np.array(c, np.str_) for c in (device, campaign, outcome)], np.array(since, float)
    return CouponTable(text[0], text[1], text[1], start, np.array(until, float), start + 5, text[2], text[2])


def fired(*rows: tuple[float, str, str, str]) -> DecisionLogTable:
    """(t, device, campaign, outcome)."""
    t, device, campaign, outcome = zip(*rows, strict=True) if rows else ((), (), (), ())
    at, text = np.array(t, float), [np.array(c, np.str_) for c in (device, campaign, outcome)]
    return DecisionLogTable(at, text[0], text[1], text[2], text[2], at, at, text[0], text[1], at)


def scored(wanted: CouponTable, came: DecisionLogTable) -> TriggerReport:
    return score_triggers(wanted, came, ["ana", "bob"])


def test_in_time_late_and_early() -> None:
    wanted = due(("ana", "tea", 0, 60, "issue"), ("bob", "tea", 0, 60, "issue"), ("ana", "jam", 100, 130, "refuse"))
    came = fired((8, "ana", "tea", "issue"), (3, "bob", "tea", "issue"), (130 + SLACK_S, "ana", "jam", "refuse"))
    said = scored(wanted, came).figures()["triggers"]
    assert (said["precision"], said["recall"], said["due"], said["fired"]) == (1.0, 1.0, 3, 3)
    assert said["delay_median_s"] == 3.0  # 3, -2 and 35 after it was due
    assert said["delay_p90_s"] == 28.6  # nine tenths of the way from the first of three to the last: 3 + 0.8 (35 - 3)
    assert said["by_campaign"]["jam"]["delay_median_s"] == 35.0


def test_missed_and_wrong_are_told_apart() -> None:
    report = scored(due(("ana", "tea", 0, 60, "issue")), fired((60.1 + SLACK_S, "ana", "tea", "issue")))
    assert report.missed == [Miss("ana", "tea", 5.0)]
    assert report.wrong == [Miss("ana", "tea", 60.1 + SLACK_S)]
    said = report.figures()["triggers"]
    assert (said["precision"], said["recall"], said["delay_median_s"]) == (0.0, 0.0, None)


def test_firing_twice_in_one_stay_counts_once() -> None:
    report = scored(
        due(("ana", "tea", 0, 60, "issue")), fired((8, "ana", "tea", "issue"), (40, "ana", "tea", "refuse"))
    )
    assert report.by_campaign == {"tea": (1, 1, 1, 1)}
    assert report.by_device == {"ana": (1, 1, 1, 1)}
    assert report.figures()["triggers"]["repeats"] == 1


def test_one_device_s_stays_are_one_witness() -> None:
    """Ten triggers of one device, all right, say less than ten of ten devices."""
    one = interval_by_device([10], [10])
    ten = interval_by_device([1] * 10, [1] * 10)
    assert one is not None
    assert ten is not None
    assert (one.share, ten.share) == (1.0, 1.0)
    assert one.low < 0.3 < 0.6 < ten.low < ten.high == 1.0


def test_an_interval_widens_where_devices_differ() -> None:
    even = interval_by_device([5, 5, 5, 5], [10, 10, 10, 10])
    apart = interval_by_device([10, 0, 10, 0], [10, 10, 10, 10])
    assert even is not None
    assert apart is not None
    assert even.share == apart.share == 0.5
    assert apart.high - apart.low > 1.5 * (even.high - even.low)
    assert interval_by_device([0], [0]) is None


def test_what_was_held_back_for_want_of_a_promise_did_not_fire() -> None:
    came = replace(
        fired((8, "ana", "tea", "refuse"), (9, "bob", "tea", "refuse")), reason=np.array(["imprecise", "ok"])
    )
    report = scored(due(("ana", "tea", 0, 60, "issue")), came)
    assert report.by_campaign == {"tea": (1, 0, 1, 0)}
    assert report.unscored == 0


def test_coupons_are_compared_by_device_and_campaign() -> None:
    wanted = due(("ana", "tea", 0, 60, "issue"), ("ana", "jam", 0, 60, "refuse"), ("bob", "jam", 0, 60, "issue"))
    came = fired((8, "ana", "jam", "issue"), (9, "ana", "tea", "refuse"), (8, "bob", "jam", "issue"))
    assert scored(wanted, came).figures()["coupons"] == {
        "due": 2, "issued": 2, "precision": 0.5, "recall": 0.5, "without_consent": 0
    }  # fmt: skip


def test_devices_without_truth_are_counted_apart() -> None:
    report = scored(due(), fired((8, "probe", "tea", "issue")))
    assert report.unscored == 1
    said = report.figures()
    assert (said["triggers"]["precision"], said["coupons"]["issued"]) == (None, 0)


def test_campaigns_that_the_truth_does_not_know_are_named_and_not_scored() -> None:
    """Whether a trigger of theirs was right nobody knows: it is neither right nor wrong."""
    wanted = due(("ana", "tea", 0, 60, "issue"))
    came = fired((8, "ana", "tea", "issue"), (9, "ana", "own", "issue"), (9, "probe", "own", "refuse"))
    said = scored(wanted, came).figures()
    assert (said["triggers"]["fired"], said["triggers"]["precision"]) == (1, 1.0)
    assert list(said["triggers"]["by_campaign"]) == ["tea"]
    assert (said["triggers"]["unscored"], said["triggers"]["unscored_campaigns"]) == (2, {"own": 2})
    assert (said["coupons"]["issued"], said["coupons"]["precision"]) == (1, 1.0)
    told = score_triggers(wanted, came, ["ana", "bob"], campaigns=["own"]).figures()["triggers"]
    assert (told["fired"], told["precision"], told["unscored"]) == (2, 0.5, 1), "nothing was due of it: it was wrong"
    assert told["unscored_campaigns"] == {}


def test_only_those_who_agreed_should_get_anything() -> None:
    wanted = due(("ana", "tea", 0, 60, "issue"), ("bob", "tea", 0, 60, "issue"))
    came = fired((8, "ana", "tea", "issue"), (8, "bob", "tea", "issue"))
    said = score_triggers(wanted, came, ["ana", "bob"], {"ana"}).figures()
    assert (said["triggers"]["due"], said["triggers"]["recall"], said["coupons"]["due"]) == (1, 1.0, 1)
    assert said["coupons"]["without_consent"] == 1
    assert score_triggers(wanted, came, ["ana", "bob"], set()).figures()["coupons"]["without_consent"] == 2


def test_a_trigger_is_right_from_the_first_second_to_the_last_of_its_slack() -> None:
    assert SLACK_S == 10.0
    for t, right in ((-0.1, 0), (0.0, 1), (70.0, 1), (70.1, 0)):
        report = scored(due(("ana", "tea", 0, 60, "issue")), fired((t, "ana", "tea", "issue")))
        assert report.by_campaign == {"tea": (1, right, 1, right)}
        assert report.repeats == 0


def test_one_trigger_may_serve_two_stays_that_overlap_and_what_follows_is_a_repeat() -> None:
    wanted = due(("ana", "tea", 0, 60, "issue"), ("ana", "tea", 65, 100, "issue"))
    report = scored(wanted, fired(*((t, "ana", "tea", "issue") for t in (66, 80, 90))))
    assert report.by_campaign == {"tea": (2, 2, 1, 1)}, "at 66 s both are due: one trigger, right for both"
    assert report.repeats == 2
    assert report.delays_s == {"tea": [61.0, -4.0]}


def test_what_was_astray_is_wrong_beside_what_was_right() -> None:
    report = scored(
        due(("ana", "tea", 0, 60, "issue"), ("ana", "tea", 200, 260, "issue")),
        fired((30, "ana", "tea", "issue"), (150, "ana", "tea", "issue"), (20, "ana", "tea", "issue")),
    )
    assert report.by_campaign == {"tea": (2, 1, 2, 1)}
    assert (report.repeats, report.wrong, report.missed) == (1, [Miss("ana", "tea", 150)], [Miss("ana", "tea", 205)])
    assert report.precision == interval_by_device([1], [2])
    assert report.recall == interval_by_device([1], [2])
    said = report.figures()["triggers"]
    assert said["precision_interval"] == [round(report.precision.low, 4), round(report.precision.high, 4)]


def test_counts_of_several_campaigns_add_up_by_person() -> None:
    report = scored(
        due(("ana", "tea", 0, 60, "issue"), ("ana", "jam", 0, 60, "issue"), ("bob", "jam", 0, 60, "issue")),
        fired((5, "ana", "tea", "issue"), (5, "ana", "jam", "issue"), (99, "bob", "jam", "issue")),
    )
    assert report.by_device == {"ana": (2, 2, 2, 2), "bob": (1, 0, 1, 0)}
    assert report.by_campaign == {"tea": (1, 1, 1, 1), "jam": (2, 1, 2, 1)}
    said = report.figures()["triggers"]
    assert (said["due"], said["fired"], said["precision"], said["recall"]) == (3, 3, 0.6667, 0.6667)


def test_nothing_due_and_nothing_fired_has_no_figures() -> None:
    said = scored(due(), fired()).figures()
    assert (said["triggers"]["due"], said["triggers"]["precision"], said["triggers"]["recall"]) == (0, None, None)
    assert (said["triggers"]["precision_interval"], said["triggers"]["recall_interval"]) == (None, None)
    assert said["coupons"] == {"due": 0, "issued": 0, "precision": None, "recall": None, "without_consent": 0}


def test_a_refusal_to_somebody_who_never_agreed_is_no_coupon() -> None:
    came = fired((8, "bob", "tea", "refuse"), (9, "eve", "tea", "issue"), (9, "ana", "tea", "issue"))
    report = score_triggers(due(("ana", "tea", 0, 60, "issue")), came, ["ana", "bob"], {"ana"})
    assert (report.without_consent, report.unscored) == (1, 2)
    assert score_triggers(due(), came, ["ana"]).without_consent == 0, "where everybody counts as consenting"
