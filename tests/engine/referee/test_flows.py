"""Flows against the truth: small tables whose scores can be counted on one's fingers."""

from __future__ import annotations

from pathlib import Path

from engine.files.flows import read_flows, write_flows
from engine.presence.flows import FlowRow
from engine.referee.flows import PairFlow, score_flows

HOUR = 3600.0


def rows(*said: tuple[str, str, int], hour: float = 0.0) -> list[FlowRow]:
    return [FlowRow(hour, *s) for s in said]


def test_the_common_part() -> None:
    true = rows(("", "tea", 4), ("tea", "jam", 3), ("jam", "", 3), ("tea", "", 1))
    found = rows(("", "tea", 4), ("tea", "jam", 1), ("jam", "", 2), ("jam", "tea", 2))
    said = score_flows(true, found).figures()
    assert (said["true_transitions"], said["found_transitions"]) == (11, 9)
    assert said["common_share"] == round(7 / 13, 4)
    assert said["cpc"] == round(14 / 20, 4)
    assert said["between_zones"] == round(1 / 5, 4)
    assert said["mean_abs_per_pair"] == round((0 + 2 + 1 + 1 + 2) / 5, 4)
    assert list(said["worst"]) == ["jam > tea", "tea > jam", "jam > (outside)", "tea > (outside)"]
    assert said["worst"]["tea > jam"] == {"true": 3, "found": 1}


def test_all_right_is_one_and_nothing_is_no_figure() -> None:
    true = rows(("", "tea", 4), ("tea", "", 4))
    said = score_flows(true, true).figures()
    assert (said["common_share"], said["cpc"], said["mean_abs_per_pair"], said["worst"]) == (1.0, 1.0, 0.0, {})
    nothing = score_flows([], []).figures()
    assert (nothing["common_share"], nothing["cpc"], nothing["mean_abs_per_pair"]) == (None, None, None)


def test_hours_are_summed() -> None:
    true = rows(("", "tea", 4)) + rows(("", "tea", 1), hour=HOUR)
    report = score_flows(true, rows(("", "tea", 5), hour=HOUR))
    assert report.pairs == [PairFlow("", "tea", 5, 5)]


def test_the_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    given = rows(("", "tea", 4), ("tea", "jam", 3)) + rows(("jam", "", 12), hour=HOUR)
    for name in ("flows.csv", "flows.parquet"):
        write_flows(tmp_path / name, given)
        assert read_flows(tmp_path / name) == given
    write_flows(tmp_path / "none.csv", [])
    assert read_flows(tmp_path / "none.csv") == []


def test_the_ten_pairs_that_are_most_wrong_are_named_and_of_equal_ones_the_first() -> None:
    true = rows(*((f"z{i:02d}", "", 20) for i in range(12)))
    found = rows(*((f"z{i:02d}", "", 20 + (-1) ** i * (1 + i // 2)) for i in range(12)))
    report = score_flows(true, found)
    names = ["z10", "z11", "z08", "z09", "z06", "z07", "z04", "z05", "z02", "z03"]
    assert [pair.from_zone for pair in report.worst()] == names
    assert [pair.error for pair in report.worst()][:2] == [6, -6]
    said = report.figures()
    assert (said["pairs"], said["between_zones"], len(said["worst"])) == (12, None, 10)


def test_pairs_come_by_the_true_number_then_by_the_found_one_then_by_name() -> None:
    report = score_flows(rows(("b", "", 3), ("a", "", 3), ("c", "", 9)), rows(("d", "", 2), ("e", "", 5), ("a", "", 1)))
    assert [(p.from_zone, p.true, p.found) for p in report.pairs] == [
        ("c", 9, 0), ("a", 3, 1), ("b", 3, 0), ("e", 0, 5), ("d", 0, 2),
    ]  # fmt: skip
    only_found = score_flows([], rows(("a", "b", 2))).figures()
    assert (only_found["common_share"], only_found["cpc"], only_found["between_zones"]) == (0.0, 0.0, 0.0)
