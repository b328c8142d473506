"""What a run's tables allow is scored, each report by its own rules, and nothing else."""

from __future__ import annotations

import dataclasses

import numpy as np

from engine.files import FixTable, TruthTable
from engine.files.outcomes import HourTable, ZoneVisitTable
from engine.presence.flows import FlowRow
from engine.referee.flows import score_flows
from engine.referee.places import score_fixes
from engine.referee.run import Tables, score_tables
from engine.referee.visits import score_visits
from engine.referee.zones import score_hours

T = np.array([0.0, 10.0, 20.0])
ZEROS, GROUND, ANA = np.zeros(3), np.full(3, "0"), np.full(3, "ana")
TRUTH = TruthTable("t", T, ANA, GROUND, T.copy(), ZEROS)
FIXES = FixTable("f", T, ANA, GROUND, T + 1.0, ZEROS, np.full(3, 2.0), np.full(3, 3.0), np.full(3, "bayes"))
BARE = Tables(TRUTH, FIXES, None, None, None, None, None)
WINDOW_S = 3.0


def visits(until: float) -> ZoneVisitTable:
    return ZoneVisitTable(np.array(["ana"]), np.array(["tea"]), np.array([0.0]), np.array([until]))


def hours(person_s: float) -> HourTable:
    none = np.zeros(1)
    return HourTable(np.zeros(1), np.array(["tea"]), np.array([person_s]), none, none, none)


def test_of_places_alone_only_places_are_scored() -> None:
    scores = score_tables(BARE, WINDOW_S)
    assert scores.figures() == score_fixes(TRUTH, FIXES, WINDOW_S).figures()
    assert scores.figures()["median_m"] == 1.0
    assert (scores.zones, scores.visits, scores.hours, scores.triggers) == (None,) * 4
    assert (scores.flows, scores.uplift, scores.expected) == (None,) * 3


def test_each_pair_of_tables_gives_its_own_group_of_figures() -> None:
    true, found = [FlowRow(0.0, "", "tea", 4)], [FlowRow(0.0, "", "tea", 3)]
    tables = dataclasses.replace(
        BARE, visits=(visits(60.0), visits(70.0)), hours=(hours(60.0), hours(70.0)), flows=(true, found)
    )
    said = score_tables(tables, WINDOW_S).figures()
    alone = score_visits(*tables.visits, ["ana"]).figures()  # type: ignore[misc]
    assert said.keys() - score_tables(BARE, WINDOW_S).figures().keys() == {"dwell", "visits", "occupancy", "flows"}
    assert (said["dwell"], said["dwell"]["bias_s"]) == (alone.pop("dwell"), 10.0)
    assert said["visits"] == alone
    assert said["occupancy"] == score_hours(hours(60.0), hours(70.0))
    assert said["flows"] == score_flows(true, found).figures()
