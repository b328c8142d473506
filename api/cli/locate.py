"""`rayon locate`: a recording in, one fix per device and window out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import typer

from api.cli.inputs import (
    PARQUET,
    TABLES,
    plan_files,
    plan_to_locate,
    refuse_no_folder,
    refuse_other_kind,
    refuse_overwriting,
)
from engine.errors import OperatorError, Problem, collect_problems
from engine.files import FixTable, load_learnt_map, read_readings, readings_for_plan, write_fixes
from engine.files.columns import ReadingTable, SurveyTable
from engine.files.joined import PlanReadings, is_interchanged, unknown_access_points
from engine.files.odd.values import Oddities
from engine.masks import MASK, is_named_by_mac, mask_local_macs, mask_macs
from engine.plan.cells import Cells, walkable_cells
from engine.plan.model import Plan
from engine.positioning.kernels.choice import kernels
from engine.positioning.learning.kept_maps import with_own_rests
from engine.positioning.locator import Locator, NoFix
from engine.positioning.methods import METHODS
from engine.positioning.offline import locate_scans, self_calibrated_maps, silent_in
from engine.positioning.windows import ScanWindows
from engine.progress import show_progress
from engine.radio.hanging.faults import HearingFaults, find_hearing_faults
from engine.radio.radiomap import RadioMap, prior_map
from engine.records import Scans

MOST_NAMED = 5  # access points, in a warning
CELL_M = 0.5  # the engine's default: maps made by `rayon calibrate` are of the same cells


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("locate")(locate)


def locate(
    folder: Path = typer.Argument(..., metavar="DIR", help="The store's folder, with its plan.geojson."),
    readings: Path = typer.Option(..., help="Readings: t, device, ap, rssi_dbm and/or range_m (.csv or .parquet)."),
    output: Path = typer.Option(..., "--output", "-o", help="Where the fixes go (.csv or .parquet)."),
    radiomap: Path | None = typer.Option(None, help="A radio map made by `rayon calibrate`."),
    method: str = typer.Option("bayes", help=f"One of: {', '.join(METHODS)}."),
    window_s: float = typer.Option(3.0, min=0.05, max=600.0, help="Readings of one device in one window make one fix."),
    lag_s: float = typer.Option(0.0, min=0.0, max=600.0, help="Let a fix use readings this much later than its time."),
) -> None:
    """Locates every device of a recording: one fix per device and window.

    A fix uses no reading later than its own time (plus [bold]--lag-s[/bold], for reports: 15 is a good figure).
    Readings whose device is an access point of the plan calibrate and get no fix. Access points that report one level
    of all the others, near and far, measure none: what they hear of those is not used, and they are named. So are those
    that by what they hear of each other hang elsewhere than the plan says, or are interchanged: they are left aside.
    One that heard no device, though some were where it should have, is named, too.
    Ranges that are all in feet, inches, nanoseconds or another such unit are left aside, with the unit named.
    Levels that are one and the same of all devices, near and far, are left aside as no measurement; ranges are not.

    Example: [bold]rayon locate floorplans/boutique --readings readings.csv -o fixes.csv[/bold]
    """
    if method not in METHODS:
        raise OperatorError([Problem("--method", method, "unknown method", f"one of {', '.join(METHODS)}")])
    refuse_no_folder("--output", output)
    refuse_overwriting("--output", output, readings, radiomap, *plan_files(folder))
    refuse_other_kind("--output", output, TABLES, (b"t,device,level,", PARQUET))
    with collect_problems() as collect:
        store = collect.read(lambda: _store(folder, radiomap))
        table = collect.read(lambda: read_readings(readings))
    plan, cells, radio_map = store
    joined = readings_for_plan(table, plan)
    warn(str(readings), joined.warnings, table, plan)
    warn_of_odd(str(readings), joined.odd)
    warn_of_hearings(str(readings), plan, find_hearing_faults(plan, joined.hearings))
    warn_of_macs(str(readings), heard_devices(joined), output)
    kernels(lambda sentence: print(sentence, file=sys.stderr))
    locator = Locator(plan, cells, radio_map, method)
    scans = ScanWindows(len(plan.access_points), window_s).push(joined.readings, np.inf)
    maps = _maps(plan, cells, joined, scans, radio_map, str(readings))
    with show_progress("locate", len(scans)) as progress:
        located = locate_scans(locator, scans, maps, lag_s, progress.advance)
    fixes = located.fixes
    names = np.array(joined.device_names, dtype=np.str_) if joined.device_names else np.empty(0, np.str_)
    levels = np.array([lv.id for lv in plan.levels], dtype=np.str_)
    n = len(fixes.t)
    write_fixes(
        output,
        FixTable(
            str(output),
            fixes.t,
            names[fixes.device.astype(np.int64)],
            levels[fixes.level],
            fixes.x_m,
            fixes.y_m,
            fixes.sigma_m,
            fixes.n_ap.astype(np.float64),
            np.full(n, method),
        ),
    )
    warn_of_no_fix(str(readings), located.refused)
    warn_of_contradicting(str(readings), locator.contradicting(), list_named(joined.odd))
    silent = silent_in(plan, cells, radio_map or prior_map(plan, cells), scans, fixes)
    warn_of_silent(str(readings), {ap: n for ap, n in silent.items() if ap not in joined.odd.stuck})
    if not n:
        warn_of_no_fix_at_all(str(readings), len(table), len(scans), plan)
    print(f"{n} fixes of {len(np.unique(fixes.device))} devices in {output}", file=sys.stderr)


def _store(folder: Path, radiomap: Path | None) -> tuple[Plan, Cells, RadioMap | None]:
    plan = plan_to_locate(folder)
    cells = walkable_cells(plan, CELL_M)
    return plan, cells, map_asked_for(radiomap, plan, cells)


def map_asked_for(path: Path | None, plan: Plan, cells: Cells) -> RadioMap | None:
    """The map of `--radiomap`; None, which is said, where it holds what the plan says and no more."""
    radio_map = load_learnt_map(path, plan, cells) if path else None
    if path and radio_map is None:
        print(f"{path}: nothing was learnt in it: the store calibrates itself, as without it", file=sys.stderr)
    return radio_map


def _maps(
    plan: Plan, cells: Cells, joined: PlanReadings, scans: Scans, asked_for: RadioMap | None, file: str
) -> list[tuple[float, RadioMap]]:
    """A map that was asked for is kept, as far as anything was learnt in it; of the rest, access points that hear each
    other and the crowd make one as they go."""
    if asked_for is None:
        return _self_calibrated(plan, cells, joined, scans, file)
    if asked_for.kept >= 1.0:
        return []
    return with_own_rests(asked_for, prior_map(plan, cells), _self_calibrated(plan, cells, joined, scans, file))


def _self_calibrated(
    plan: Plan, cells: Cells, joined: PlanReadings, scans: Scans, file: str
) -> list[tuple[float, RadioMap]]:
    start_t, end_t = (float(scans.t.min()), float(scans.t.max())) if len(scans) else (0.0, 0.0)
    with show_progress("self-calibration", end_t - start_t) as progress:
        return self_calibrated_maps(
            plan,
            cells,
            joined.hearings,
            scans,
            lambda until: progress.reach(min(until, end_t) - start_t),
            lambda faults: _warn_of_astray(file, plan, faults),
        )


def warn(
    file: str, counts: Mapping[str, int], table: ReadingTable | SurveyTable | None = None, plan: Plan | None = None
) -> None:
    """One line on stderr per reason that readings were not used. Access points of the `table` that the `plan` does not
    have are named."""
    for reason, count in counts.items():
        said = _SAID.get(reason, reason.replace("_", " "))
        if reason == "unknown_ap" and table is not None and plan is not None:
            said += f": {_unknown(table, plan)}"
        what = _OF.get(reason, "readings")
        if reason in _LEVELS and table is not None and np.isfinite(table.range_m).any():
            what = "levels"  # beside ranges, which are used
        print(f"{file}: warning: {count} {what} not used: {said}", file=sys.stderr)


def warn_of_macs(file: str, devices: Sequence[str], output: Path | None = None) -> None:
    """One line on stderr where devices are named by what seem to be MACs, which then stand in the `output` too. How
    many, and never which."""
    if macs := sum(map(is_named_by_mac, devices)):
        named = f"{macs} of {len(devices)} devices {'is named by its' if macs == 1 else 'are named by their'} MAC"
        named += f", which {output} holds too" if output is not None else ""
        fix = "a table is to hold names that lead to nobody; see Privacy"
        print(f"{file}: warning: {named}: {fix}", file=sys.stderr)


def heard_devices(joined: PlanReadings) -> list[str]:
    """Names of the devices that readings which can be used are of."""
    return [joined.device_names[device] for device in np.unique(joined.readings.device).tolist()]


def warn_of_no_fix(file: str, refused: Mapping[NoFix, int]) -> None:
    """One line on stderr per reason that scans got no fix: a scan is what one window heard of a device."""
    for reason, count in sorted(refused.items()):
        scans = "1 scan" if count == 1 else f"{count} scans"
        print(f"{file}: warning: {scans} without a fix: {_NO_FIX[reason]} ({reason})", file=sys.stderr)


def warn_of_no_fix_at_all(file: str, rows: int, scans: int, plan: Plan) -> None:
    """One line on stderr where a table of so many rows and scans came to no fix."""
    print(f"{file}: warning: {no_fix_at_all(rows, scans, plan)}", file=sys.stderr)


def no_fix_at_all(rows: int, scans: int, plan: Plan) -> str:
    """Why a table of so many rows and scans came to no fix."""
    if not rows:
        return "no fix at all: the table has no row"
    if scans:
        return f"no fix at all: {scans} scans, and none of them tells a place"
    ours = _few([ap.id for ap in plan.access_points])
    return f"no fix at all: none of {rows} rows is a reading of a device that can be used; the plan has {ours}"


def warn_of_odd(file: str, odd: Oddities) -> None:
    """What is strange in a file's values: whose are refused, the unit that they may be in, who always says the same."""
    for reason, aps in odd.of.items():
        print(f"{file}: warning: {reason}: so is nearly all that {_few(list(aps))} says: go and look", file=sys.stderr)
    for unit in odd.units:
        print(f"{file}: warning: {_ASKED[unit]}", file=sys.stderr)
    if odd.bands:
        first = mask_macs(next(iter(odd.bands))[:40])
        said = f"{sum(odd.bands.values())} readings name a band that is none, such as {first!r}"
        print(f"{file}: warning: {said}: taken as of no band; write 2.4, 5 or 6 (GHz)", file=sys.stderr)
    for ap, value in odd.stuck.items():
        print(f"{file}: warning: {ap} says {value} wherever it is heard: left aside; go and look", file=sys.stderr)


def list_named(odd: Oddities) -> set[str]:
    """Access points that `warn_of_odd` names."""
    return {ap for aps in odd.of.values() for ap in aps} | set(odd.stuck)


def warn_of_hearings(file: str, plan: Plan, faults: HearingFaults) -> None:
    """Access points that report one level of all the others: what they hear of each other is not used. And those that
    hang elsewhere than told, who are left aside."""
    ids = [point.id for point in plan.access_points]
    if mute := [ids[a] for a in faults.mute.tolist()]:
        says = f"{_few(mute)} report{'s' * (len(mute) == 1)} one level of all other access points, near and far"
        print(f"{file}: warning: {says}: not used; turn on measured levels (dBm) there", file=sys.stderr)
    for wrong in faults.wrong:
        seems = f"{ids[wrong.ap]} does not seem to hang where the plan says, likeliest about"
        seems += f" x {wrong.x_m:.0f}, y {wrong.y_m:.0f}"
        if wrong.other is not None:
            seems = f"{ids[wrong.ap]} seems to be interchanged with {ids[wrong.other]} in the plan"
        why = f"by what access points hear of each other ({wrong.probability:.0%})"
        print(f"{file}: warning: {seems}, {why}: left aside; go and look", file=sys.stderr)


def _warn_of_astray(file: str, plan: Plan, faults: HearingFaults) -> None:
    """The one, or the two in each other's place, that the crowd finds elsewhere than the plan says."""
    ids = [plan.access_points[a].id for a in faults.by_crowd]
    if not ids:
        return
    if len(ids) == 2:
        seems = f"{ids[0]} seems to be interchanged with {ids[1]} in the plan"
        why = "what devices are heard at is foreseen better so, and by each at the other's place alone, too"
    else:
        seems = f"{ids[0]} does not seem to hang where the plan says"
        why = "what devices are heard at is foreseen better with nothing known of its place"
    print(f"{file}: warning: {seems}, {why}: left aside; go and look", file=sys.stderr)


def warn_of_contradicting(file: str, shares: Mapping[str, float], named: Collection[str] = ()) -> None:
    """Access points that contradict the others, as how many of the devices find; but for those that are `named` already
    for what makes them do so: one fault is to be told once."""
    for ap, share in ((ap, share) for ap, share in shares.items() if ap not in named):
        print(f"{file}: warning: {ap} contradicts the other access points ({share:.0%}): go and look", file=sys.stderr)


def warn_of_silent(file: str, places: Mapping[str, float]) -> None:
    """Access points that heard nothing, by the number of places where they should have."""
    for ap, n in places.items():
        where = f"though some were in {n:.0f} places where it should have"
        print(f"{file}: warning: {ap} heard no device, {where}: is it on, and is its id the plan's?", file=sys.stderr)


def _unknown(table: ReadingTable | SurveyTable, plan: Plan) -> str:
    """Those that look like phones' are not: where the columns are interchanged, people would be named."""
    if is_interchanged(table, plan):
        return "the columns device and ap are interchanged: the plan's access points stand under device"
    heard: Counter[str] = Counter()
    for name, n in unknown_access_points(table.ap, plan):
        heard[mask_local_macs(name)] += n
    named = _few([f"{name} ({n})" for name, n in heard.most_common()])
    ours = f"the plan has {_few([ap.id for ap in plan.access_points])}: correct the id, or add to macs"
    return f"{named} ({ours}{f'; {MASK}: as phones have, and not shown' if MASK in heard else ''})"


def _few(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


_OF = {
    "range_sigma_not_positive": "spreads of ranges",
    "bad_range_sigma": "spreads of ranges",
    "rssi_of_one_level": "levels",
    "bad_range": "ranges",
}
"""What is not used of a reading, where the rest of it is."""
_LEVELS = ("bad_rssi", "rssi_not_heard")
_SAID = {
    "bad_rssi": "rssi out of range (bad_rssi)",
    "bad_range": "below 0 or too long for this store (bad_range)",
    "rssi_of_one_level": "whoever is heard, near or far, it is at one level, which tells no place: turn on measured"
    " levels (dBm) (rssi_of_one_level)",
    "bad_range_sigma": "below 1 mm or above 10 km: metres are meant (bad_range_sigma)",
    "rssi_not_heard": "one faintest level that stands for not heard (rssi_not_heard)",
}
"""Words for reasons whose names alone say little."""
_ASKED = {
    "ranges_in_feet_or_ns": "ranges fit this plan as feet, or nanoseconds one way, not as metres: left aside, RSSI is"
    " used; divide range_m by 3.281 (feet) or 3.336 (ns)",
    "ranges_in_rtt_ns": "ranges fit this plan as nanoseconds there and back, not as metres: left aside, RSSI is used;"
    " divide range_m by 6.671",
    "ranges_in_inches": "ranges fit this plan as inches, not as metres: left aside, RSSI is used; divide range_m by"
    " 39.37",
    "ranges_in_cm": "ranges fit this plan as centimetres, not as metres: left aside, RSSI is used; divide range_m by"
    " 100",
    "ranges_in_mm": "ranges fit this plan as millimetres, not as metres: left aside, RSSI is used; divide range_m by"
    " 1000",
    "ranges_in_rtt_ps": "ranges fit this plan as picoseconds there and back, not as metres: left aside, RSSI is used;"
    " divide range_m by 6671",
    "ranges_in_km": "ranges fit this plan as kilometres, not as metres: left aside, RSSI is used; multiply range_m by"
    " 1000",
    "range_in_mm": "most ranges are too long for this plan: are these millimetres? Metres are meant",
    "rssi_above_zero": "rssi is above 0: are these percent, or levels without their minus? dBm are meant",
    "rssi_all_alike": "all access points say one level: that tells no place; turn on measured levels (dBm)",
    "times_alike": "all readings are of one instant: t is when each was heard, in seconds since 1970, UTC",
    "times_in_days": "times look like a spreadsheet's days: t is seconds since 1970, UTC; write (t - 25569) * 86400,"
    " less 3600 for each hour that its time zone is ahead of UTC",
    "times_in_ms": "times look like milliseconds from a recording's start: t is seconds; divide t by 1000",
    "times_too_close": "readings of one device come faster than anybody hears them: t is seconds since 1970, UTC: are"
    " these hours, or days?",
    "rssi_in_mw": "rssi is between 0 and 1: are these milliwatts, or shares? dBm are meant",
}
_NO_FIX = {
    NoFix.NO_READING: "nothing that can be used was left",
    NoFix.OUT_OF_ORDER: "older than a fix that the device has already",
    NoFix.TOO_VAGUE: "the device may be nearly anywhere; rayon plan accuracy says where an access point more helps",
}
