"""How good the locator is on measured recordings: folders of sites, each with plan, readings, truth and surveys.

A site's folder holds `plan.geojson`, `readings-*.csv`, `truth-*.csv`, `survey-*.csv` and `folds.json`, a list of
[model, readings]; model is null (places of access points only), a survey's name, or "unlabelled:NAME". The folders'
folder may hold `baselines.json`, plain methods' figures by row. Error is taken per device and 3 s window: the last fix
of the window against the truth at the fix's time; a window without a fix counts as infinite. `rssi` drops ranges. For
who makes such a folder, docs/accuracy.md has all of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.errors import OperatorError, Problem
from engine.files import read_readings, read_survey, read_truth, readings_for_plan, survey_for_plan
from engine.files.columns import ReadingTable
from engine.plan.cells import Cells, walkable_cells
from engine.plan.load import load_plan
from engine.plan.model import Plan
from engine.positioning.fix_points import PlainFixes
from engine.positioning.learning.crowd import calibrate_store
from engine.positioning.learning.survey_trust import SurveyTrust, judge_survey
from engine.positioning.locator import Locator
from engine.positioning.offline import locate_scans, self_calibrated_maps
from engine.positioning.windows import ScanWindows
from engine.radio.evidence import Evidence
from engine.radio.evidence_sources import hearings_evidence, survey_evidence
from engine.radio.pathloss import cell_geometry
from engine.radio.radiomap import RadioMap
from engine.records import F64, Hearings, Readings, Scans
from tests.accuracy.measures import CELL_M, WINDOW_S

LATE_S = 0.5  # a fix may be stamped this much past its window's end
UNLABELLED = "unlabelled:"
FOLDS, BASELINES = "folds.json", "baselines.json"
ENVIRONMENT = "RAYON_RECORDINGS"
USUAL = Path("../shared/data/real")

FAMILIES = {
    "rssi, no survey": ("rssi | no survey",),
    "rssi, surveyed": ("rssi | surveyed",),
    "ranges": ("range | ",),
}
"""Rows by what is in their names."""

Truth = dict[str, tuple[F64, F64, F64]]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one row: windows, metres, and shares of windows with a fix whose error lies within one and two sigma.
    `still` says that devices of the row do not move."""

    windows: int
    median_m: float
    p90_m: float
    within_1: float
    within_2: float
    still: bool
    best: str = ""
    best_m: float = float("nan")

    @property
    def ratio(self) -> float:
        """Of the median to that of the best plain method; NaN where none is known."""
        return self.median_m / self.best_m


@dataclass(frozen=True, slots=True)
class Part:
    """Readings of one file, made ready for locating, and the windows they are scored by."""

    readings: Readings
    hearings: Hearings
    scans: Scans
    names: list[str]
    windows: dict[str, F64]
    truth: Truth


class Site:
    """One site's folder; what was read of it is kept."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder
        self._parts: dict[tuple[str, str], Part | None] = {}
        self._surveys: dict[tuple[str, str], Evidence] = {}
        self.trust: dict[tuple[str, str], SurveyTrust] = {}  # of surveys that are not to be judged anew

    @cached_property
    def plan(self) -> Plan:
        """As it is in the folder."""
        return load_plan(self._folder)

    @cached_property
    def cells(self) -> Cells:
        """As `rayon locate` has them."""
        return walkable_cells(self.plan, CELL_M)

    @cached_property
    def folds(self) -> list[tuple[str | None, str]]:
        """(model, readings). Raises OperatorError."""
        return _read_folds(self._folder / FOLDS)

    def rows(
        self, kinds: Sequence[str] = ("rssi", "range"), models: Sequence[str] = (), most: int = 1000
    ) -> dict[str, Score]:
        """Scores by row: `site | kind | model`; of some models only where they are named, and of `most` recordings."""
        out = {}
        for kind in kinds:
            scored: dict[str, list[F64]] = {}
            still: dict[str, bool] = {}
            for model, name in self.folds:
                part, said = self.part(name, kind), model_name(model)
                if part is None or (models and said not in models) or len(scored.get(said, [])) == most:
                    continue
                scored.setdefault(said, []).append(errors(part, self.locate(model, name, kind)))
                still[said] = still.get(said, True) and stands_still(part.truth)
            for said, parts in scored.items():
                out[f"{self.name} | {kind} | {said}"] = score_of(np.concatenate(parts), still[said])
        return out

    def locate(self, model: str | None, name: str, kind: str) -> PlainFixes:
        """What `rayon calibrate` and `rayon locate` make of it."""
        part = self.part(name, kind)
        assert part is not None
        radio_map = self.radio_map(model, kind)
        locator = Locator(self.plan, self.cells, radio_map)
        maps = [] if radio_map else self_calibrated_maps(self.plan, self.cells, part.hearings, part.scans)
        return locate_scans(locator, part.scans, maps).fixes

    def radio_map(self, model: str | None, kind: str) -> RadioMap | None:
        """What `rayon calibrate` makes of a survey, or of unlabelled readings; None without a model."""
        if model is None:
            return None
        if not model.startswith(UNLABELLED):
            trust = self.trust.get((model, kind))
            return calibrate_store(self.plan, self.cells, self.survey(model, kind), trust=trust).radio_map
        part = self.part(model.removeprefix(UNLABELLED), kind)
        assert part is not None
        heard = hearings_evidence(self.plan, part.hearings)
        return calibrate_store(self.plan, self.cells, heard, part.readings).radio_map

    def judge(self, kind: str) -> dict[tuple[str, str], SurveyTrust]:
        """What its surveys are believed, by name and kind."""
        names = {model for model, name in self.folds if model_name(model) == "surveyed" and self.part(name, kind)}
        geometry = cell_geometry(self.plan, self.cells)
        known = {(name, kind): self.survey(name, kind) for name in sorted(filter(None, names))}
        return {key: judge_survey(self.plan, self.cells, own, geometry) for key, own in known.items()}

    def survey(self, name: str, kind: str) -> Evidence:
        """A survey's evidence."""
        key = (name, kind)
        if key not in self._surveys:
            table = read_survey(self._folder / f"survey-{name}.csv")
            if kind == "rssi":
                table = replace(table, range_m=np.full(len(table), np.nan))
            self._surveys[key] = survey_evidence(self.plan, survey_for_plan(table, self.plan))
        return self._surveys[key]

    def part(self, name: str, kind: str) -> Part | None:
        """Readings of a file; None where ranges are asked for and there are none."""
        key = (name, kind)
        if key not in self._parts:
            self._parts[key] = self._read(name, kind)
        return self._parts[key]

    def _read(self, name: str, kind: str) -> Part | None:
        table = read_readings(self._folder / f"readings-{name}.csv")
        if kind == "range" and not np.isfinite(table.range_m).any():
            return None
        table = table.take(np.isfinite(table.rssi_dbm))
        if kind == "rssi":
            table = replace(table, range_m=np.full(len(table), np.nan))
        joined = readings_for_plan(table, self.plan)
        truth = _truth(self._folder / f"truth-{name}.csv")
        scans = ScanWindows(len(self.plan.access_points), WINDOW_S).push(joined.readings, np.inf)
        return Part(joined.readings, joined.hearings, scans, joined.device_names, _windows(table, truth), truth)


def _truth(path: Path) -> Truth:
    """t, x, y by device, in the order of time. Raises OperatorError."""
    table = read_truth(path)
    order = np.lexsort((table.y_m, table.x_m, table.t))
    own = {name: order[table.device[order] == name] for name in dict.fromkeys(table.device.tolist())}
    return {name: (table.t[rows], table.x_m[rows], table.y_m[rows]) for name, rows in own.items()}


def _read_folds(path: Path) -> list[tuple[str | None, str]]:
    fix = 'a list of [model, readings], for example [[null, "walk"], ["points", "walk"]]'
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OperatorError([Problem(str(path), "(whole file)", f"is no JSON: {error}", fix)]) from error
    pairs = raw if isinstance(raw, list) else [raw]
    wrong = [
        Problem(str(path), f"[{i}]", f"{json.dumps(pair)} is no pair of a model and readings", fix)
        for i, pair in enumerate(pairs)
        if not (
            isinstance(pair, list)
            and len(pair) == 2
            and (pair[0] is None or isinstance(pair[0], str))
            and isinstance(pair[1], str)
        )
    ]
    if wrong or not pairs:
        raise OperatorError(wrong or [Problem(str(path), "(whole file)", "names no readings", fix)])
    return [(model, readings) for model, readings in pairs]


def _windows(table: ReadingTable, truth: Truth) -> dict[str, F64]:
    """Numbers of the windows in which each device of the truth was heard."""
    number = np.floor(table.t / WINDOW_S)
    return {name: np.unique(number[table.device == name]) for name in truth if (table.device == name).any()}


def stands_still(truth: Truth) -> bool:
    """Whether no device moves."""
    return all(float(np.ptp(v)) < 0.01 for _, x, y in truth.values() for v in (x, y))


def model_name(model: str | None) -> str:
    """In a row's name."""
    if not model:
        return "no survey"
    return "unlabelled" if model.startswith(UNLABELLED) else "surveyed"


def errors(part: Part, fixes: PlainFixes) -> F64:
    """Error and sigma of each window (n, 2), inf and NaN where there is no fix; as written with three decimals."""
    out = []
    for name, windows in part.windows.items():
        own = np.flatnonzero(fixes.device == part.names.index(name))
        own = own[np.argsort(fixes.t[own], kind="stable")]
        t, x, y, sigma = (np.round(v[own], 3) for v in (fixes.t, fixes.x_m, fixes.y_m, fixes.sigma_m))
        at = np.searchsorted(t, (windows + 1) * WINDOW_S + LATE_S, side="right") - 1
        found = at >= 0
        found[found] = t[at[found]] >= windows[found] * WINDOW_S
        at = at[found]
        true_t, true_x, true_y = part.truth[name]
        error = np.full((len(windows), 2), [np.inf, np.nan])
        error[found, 0] = np.hypot(x[at] - np.interp(t[at], true_t, true_x), y[at] - np.interp(t[at], true_t, true_y))
        error[found, 1] = sigma[at]
        out.append(error)
    return np.concatenate(out)


def score_of(errors: F64, still: bool) -> Score:
    """Of windows (n, 2)."""
    error, found = errors[:, 0], np.isfinite(errors[:, 0])
    median, p90 = (float(np.percentile(error, q, method="lower")) for q in (50, 90))
    z = error[found] / errors[found, 1]
    within = [float((z < k).mean()) if len(z) else 0.0 for k in (1, 2)]
    return Score(len(error), median, p90, within[0], within[1], still)


def sites_in(folder: Path) -> list[Site]:
    """All sites of a folder, by name. Raises OperatorError where there is none."""
    sites = [Site(own) for own in sorted(folder.iterdir()) if (own / FOLDS).exists()]
    if not sites:
        fix = f"one folder a site, each with a plan.geojson and a {FOLDS}: docs/accuracy.md says what it holds"
        raise OperatorError([Problem(str(folder), "(folder)", "holds no site", fix)])
    return sites


def folder_of(argument: str | None) -> Path:
    """The recordings' folder: as given, as the environment says, or beside the repository. Raises OperatorError."""
    folder = Path(argument or os.environ.get(ENVIRONMENT) or USUAL)
    if not folder.is_dir():
        fix = f"name their folder by --recordings DIR or {ENVIRONMENT}; docs/accuracy.md says what it holds"
        raise OperatorError([Problem(str(folder), "(folder)", "no recordings there", fix)])
    return folder


def with_baselines(folder: Path, rows: dict[str, Score]) -> dict[str, Score]:
    """Beside the best plain method of each row."""
    known, out = _read_baselines(folder), {}
    for name, score in rows.items():
        plain = {method: own["median"] for method, own in known.get(name, {}).items()}
        best = min(plain, key=lambda method: plain[method]) if plain else ""
        out[name] = replace(score, best=best, best_m=plain[best]) if best else score
    return out


def _read_baselines(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    file = folder / BASELINES
    return json.loads(file.read_text()) if file.exists() else {}


def refuse_without_baselines(folder: Path, sites: Sequence[str]) -> None:
    """Raises OperatorError with the sites that no plain method is known of: constants are chosen by ratios to it."""
    known = {name.split(" | ")[0] for name in _read_baselines(folder)}
    fix = "add its rows, as docs/accuracy.md says, or take the site's folder away"
    reason = "no plain method is known of it, and constants are chosen by ratios to the best of them"
    without = [Problem(str(folder / BASELINES), site, reason, fix) for site in sites if site not in known]
    if without:
        raise OperatorError(without)


def families(rows: dict[str, Score]) -> dict[str, list[Score]]:
    """Rows with a baseline by family; a row may be in several."""
    known = {name: score for name, score in rows.items() if score.best}
    out = {family: [s for name, s in known.items() if any(q in name for q in has)] for family, has in FAMILIES.items()}
    out["walks"] = [s for s in known.values() if not s.still]
    out["static"] = [s for s in known.values() if s.still]
    return {family: scores for family, scores in out.items() if scores}


def geometric_mean(scores: Sequence[Score]) -> float:
    """Of the ratios."""
    return float(np.exp(np.mean([np.log(s.ratio) for s in scores])))


def row_line(name: str, score: Score) -> str:
    """One line of the table."""
    known = f"{score.best:>20s} {score.best_m:6.2f}  {score.ratio:5.2f}"
    beside = f"  {known if score.best else 'none known':>20s}"
    figures = f"{score.windows:6d} {score.median_m:7.2f} {score.p90_m:7.2f} {score.within_1:5.0%} {score.within_2:5.0%}"
    return f"{name:38s} {figures}{beside}"


def table(rows: dict[str, Score]) -> Iterator[str]:
    """Rows, then families of those that a plain method is known of; and how many it is not known of."""
    head = f"{'n':>6s} {'median':>7s} {'p90':>7s}   <1s   <2s  {'best plain':>20s}"
    yield f"{'site | readings | model':38s} {head}         ratio"
    for name, score in rows.items():
        yield row_line(name, score)
    for family, scores in families(rows).items():
        one, two = (float(np.mean([getattr(s, k) for s in scores])) for k in ("within_1", "within_2"))
        worst = max(s.ratio for s in scores)
        yield (
            f"{family:16s} {geometric_mean(scores):.3f} over {len(scores):2d} rows, worst {worst:.2f};"
            f" within 1 and 2 sigma {one:.0%} / {two:.0%}"
        )
    alone = sum(not score.best for score in rows.values())
    if alone:
        why = f"{BASELINES} in the recordings' folder has no plain method for {alone} of {len(rows)} rows"
        yield f"{why}: they have no ratio, and count in no family"
