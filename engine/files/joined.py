"""Tables meet the plan: names become indices, access points hearing each other are set apart, oddities are counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from engine.columns import Columns
from engine.errors import OperatorError, Problem
from engine.files.columns import TIME_CEILING_S, ReadingTable, SurveyTable, Texts
from engine.files.odd.times import find_odd_times
from engine.files.odd.values import Oddities, at_most_absurd, of_some_unit, without_oddities
from engine.files.surveyed import place_problems
from engine.plan.model import Plan, ap_key
from engine.positioning.doubting.range_units import WINDOW_S, find_range_unit
from engine.radio.bands import band_ghz, equalise_bands
from engine.records import F64, I32, Hearings, Readings


@dataclass(frozen=True, slots=True)
class PlanReadings:
    """Readings in the plan's indices; `device_names[i]` is the name of device number i. `warnings` counts what was
    left out, `odd` says more of it."""

    readings: Readings
    device_names: list[str]
    hearings: Hearings
    warnings: dict[str, int]
    odd: Oddities = field(default_factory=Oddities)


@dataclass(frozen=True, slots=True)
class SurveyReadings(Columns):
    """A survey in the plan's indices, shape (n,). `device` numbers the named devices, 0 where none is named. `odd`:
    what was left out, and what is strange."""

    x_m: F64
    y_m: F64
    level: I32
    ap: I32
    rssi_dbm: F64
    range_m: F64
    t: F64
    device: I32
    odd: Oddities


def readings_for_plan(table: ReadingTable, plan: Plan) -> PlanReadings:
    """The table's rows for the locator.

    Devices are numbered by first appearance in the sorted list of names, as uint64. Rows of unknown access points,
    absurd times and values are left out and counted by reason in `warnings`; an absurd value beside a good one is
    blanked, and a range that is too long for the store infinite (`Readings`). Ranges that are all in another unit
    than metres are blanked, and `odd` names the unit, or what times look like that are no seconds. So are levels of
    devices that are all alike (`engine.positioning.doubting.stuck.of_one_level`). Where bands are
    named, levels are those of the lowest one, as far as the rows tell what bands differ by.
    Raises OperatorError when all times are in milliseconds.
    """
    if len(table) and (table.t >= TIME_CEILING_S).all():
        raise OperatorError([_other_unit(table)])
    table = _tame(table)
    ap = _ap_index(table.ap, plan)
    names, codes = np.unique(table.device, return_inverse=True)
    speaks = _ap_index(names, plan)[codes]
    heard_by = np.where(speaks < 0, ap, np.int32(-1))
    unit = find_range_unit(plan, table.t, codes, heard_by, of_some_unit(table.range_m))
    given = np.full_like(table.range_m, np.nan) if unit else table.range_m
    phone = np.where(speaks < 0, codes, -1)
    found, odd = without_oddities(plan, ap, table.rssi_dbm, given, table.range_sigma_m, phone)
    rssi, rng, sigma, keep, warnings = found.rssi, found.range, found.sigma, found.keep, dict(odd.counts)
    if unit:
        warnings.pop("neither_rssi_nor_range", None)  # ranges alone: they are said to be left aside
        odd = replace(odd, units=(unit, *odd.units))
    timely = (table.t >= 0) & (table.t < TIME_CEILING_S)
    itself = (speaks >= 0) & (speaks == ap)
    for reason, rows in (("time_out_of_range", ~timely), ("access_point_hears_itself", itself)):
        if rows.any():
            warnings[reason] = int(rows.sum())
    keep &= timely
    ours = np.flatnonzero(keep & ~itself)
    odd = replace(odd, units=(*odd.units, *find_odd_times(table.t[ours], codes[ours], ap[ours])))
    ghz = band_ghz(table.band)
    odd = replace(odd, bands=_no_bands(table.band[np.isnan(ghz)]))
    if np.isfinite(ghz).any():
        rssi, _ = equalise_bands(table.t, codes, np.where(keep & ~itself, ap, np.int32(-1)), rssi, ghz)
    own = keep & (speaks < 0)
    heard = keep & (speaks >= 0) & ~itself
    readings = Readings(
        table.t[own],
        codes[own].astype(np.uint64),
        ap[own],
        rssi[own].astype(np.float32),
        rng[own].astype(np.float32),
        sigma[own].astype(np.float32),
    )
    hearings = Hearings(
        table.t[heard], speaks[heard], ap[heard], rssi[heard].astype(np.float32), rng[heard].astype(np.float32)
    )
    return PlanReadings(readings, names.tolist(), hearings, warnings, odd)


def _tame(table: ReadingTable) -> ReadingTable:
    """The table with values beyond all reason where they are as absurd, and can be reckoned with."""
    t = np.clip(table.t, -1.0, TIME_CEILING_S)
    rssi, rng = at_most_absurd(table.rssi_dbm, table.range_m)
    return replace(table, t=t, rssi_dbm=rssi, range_m=rng)


def unknown_access_points(names: Texts, plan: Plan) -> list[tuple[str, int]]:
    """Access points of a table's rows that the plan does not have, with how many rows each has, the most first."""
    unique, counts = np.unique(names, return_counts=True) if len(names) else (np.empty(0, np.str_), np.empty(0, int))
    found = [
        (name, n)
        for name, n in zip(unique.tolist(), counts.tolist(), strict=True)
        if plan.ap_index.get(ap_key(name)) is None
    ]
    return sorted(found, key=lambda name_n: (-name_n[1], name_n[0]))


def is_interchanged(table: ReadingTable | SurveyTable, plan: Plan) -> bool:
    """Whether access points of the plan stand where devices do, and nothing that it has where access points do. Those
    that hear each other stand in both."""
    ap, device = _ap_index(table.ap, plan), _ap_index(table.device, plan)
    return 2 * int(((ap < 0) & (device >= 0)).sum()) > len(table) - int(((ap >= 0) & (device >= 0)).sum())


def list_surveyors(table: SurveyTable, plan: Plan) -> list[str]:
    """The devices that took the survey, by name; not access points of the plan."""
    names = np.unique(table.device).tolist()
    return [name for name in names if name and plan.ap_index.get(ap_key(name)) is None]


def survey_for_plan(table: SurveyTable, plan: Plan) -> SurveyReadings:
    """The survey in the plan's indices. Raises OperatorError for levels the plan does not have and places outside their
    level, with their lines. Ranges that are all in another unit than metres are blanked, and `odd` names it."""
    problems = place_problems(table, plan)
    if problems:
        raise OperatorError(problems)
    names, codes = np.unique(table.level, return_inverse=True)
    level = np.array([plan.level_index[name] for name in names.tolist()], dtype=np.int32)[codes]
    ap = _ap_index(table.ap, plan)
    levels, ranges = at_most_absurd(table.rssi_dbm, table.range_m)
    device = np.unique(table.device, return_inverse=True)[1].astype(np.int32)
    _, place = np.unique(np.stack([level, table.x_m, table.y_m], axis=1), axis=0, return_inverse=True)
    when: F64 = place.ravel() * np.float64(WINDOW_S)  # what a device heard at a place is one scan
    unit = find_range_unit(plan, when, device.astype(np.int64), ap, of_some_unit(ranges))
    given = np.full_like(ranges, np.nan) if unit else ranges
    found, odd = without_oddities(plan, ap, levels, given, np.full(len(table), np.nan))
    if unit:
        counts = {reason: n for reason, n in odd.counts.items() if reason != "neither_rssi_nor_range"}
        odd = replace(odd, counts=counts, units=(unit, *odd.units))
    rssi, rng = found.rssi, np.where(np.isinf(found.range), np.nan, found.range)
    keep = found.keep & ~(np.isnan(rssi) & np.isnan(rng))
    return SurveyReadings(
        table.x_m[keep],
        table.y_m[keep],
        level[keep],
        ap[keep],
        rssi[keep],
        rng[keep],
        table.t[keep],
        device[keep],
        odd,
    )


def _no_bands(names: Texts) -> dict[str, int]:
    """What was said where a band belongs, with how often, the most first. Nothing was where the cell is empty."""
    said = Counter(names[names != ""].tolist())
    return dict(sorted(said.items(), key=lambda name_n: (-name_n[1], name_n[0])))


def _other_unit(table: ReadingTable) -> Problem:
    reason = f"all times are past the year 2100: the first is {table.t[0]:g}"
    return Problem(table.file, "column t", reason, "seconds since 1970, UTC: are these milliseconds?")


def _ap_index(names: Texts, plan: Plan) -> I32:
    """Index of each named access point, -1 where the plan has none of that name. Spellings of MACs compare equal."""
    if not len(names):
        return np.empty(0, np.int32)
    unique, inverse = np.unique(names, return_inverse=True)
    index = np.array([plan.ap_index.get(ap_key(name), -1) for name in unique.tolist()], dtype=np.int32)
    return index[inverse]
