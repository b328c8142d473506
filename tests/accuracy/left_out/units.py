"""What is scored: sites, and the simulated stores as one more family; and the memory of scores between runs."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from pathlib import Path

from engine.positioning.learning.survey_trust import SurveyTrust
from tests.accuracy.left_out.constants import CONSTANTS, Constant, Setting, changed
from tests.accuracy.left_out.search import Rows
from tests.accuracy.measures import store_figures
from tests.accuracy.recorded.recordings import FAMILIES, Score, Site, sites_in, with_baselines
from tests.accuracy.referees import baseline
from tests.accuracy.stores import AIRS, VARIANTS, Recording, recording

STORES = "simulated stores"
STORE_SEEDS = (1,)
ENGINE = Path(__file__).parents[3] / "engine"


class Units:
    """Sites of a folder, and stores. Row scores are kept in a file, as long as the engine's code stays the same.

    A search goes by `rows`: of the first recording of each row, with surveys believed as far as they are with the
    constants as they are: that is found by leaving out a survey's own places, which is three quarters of an evaluation.
    A report goes by `exact_rows`.
    """

    def __init__(self, folder: Path, memory: Path, constants: tuple[Constant, ...] = CONSTANTS) -> None:
        self._folder, self._file, self._constants = folder, memory, constants
        self._sites = {site.name: site for site in sites_in(folder)}
        self._known: dict[str, dict[str, float]] = {}
        self._code = digest_of(ENGINE)
        self._stores: list[Recording] = []
        self._trust: dict[tuple[str, str], dict[tuple[str, str], SurveyTrust]] = {}
        if memory.exists():
            for line in memory.read_text().splitlines():
                key, ratios = json.loads(line)
                self._known[key] = ratios

    @property
    def sites(self) -> list[str]:
        """Their names."""
        return list(self._sites)

    def rows(self, unit: str, setting: Setting) -> Rows:
        """Logarithms of ratios by family, for a search."""
        return self._rows(unit, setting, exact=False)

    def exact_rows(self, unit: str, setting: Setting) -> Rows:
        """The same, for a report."""
        return self._rows(unit, setting, exact=True)

    def _rows(self, unit: str, setting: Setting, exact: bool) -> Rows:
        out: Rows = {}
        for part in self._parts(unit):
            for name, ratio in self._ratios(unit, part, setting, exact).items():
                family = next((f for f, has in FAMILIES.items() if any(q in name for q in has)), unit)
                out.setdefault(family, []).append(math.log(ratio))
        return out

    def _parts(self, unit: str) -> list[tuple[str, str]]:
        """(kind, model) of a site's rows: each depends on some of the constants only."""
        if unit == STORES:
            return [("rssi", "no survey")]
        return [(kind, model) for kind in ("rssi", "range") for model in ("no survey", "surveyed")]

    def _ratios(self, unit: str, part: tuple[str, str], setting: Setting, exact: bool) -> dict[str, float]:
        kind, model = part
        matters = {c.name: c for c in self._constants if kind in c.kinds and model in c.models}
        own = {name: value for name, value in sorted(setting.items()) if name in matters}
        key = json.dumps([self._code, unit, kind, model, own, exact])
        if key not in self._known:
            if unit != STORES:
                self._sites[unit].trust = {} if exact else self._trust_of(unit, kind)
            with changed(own, self._constants):
                self._keep(key, self._store_ratios() if unit == STORES else self._site_ratios(unit, kind, model, exact))
        return self._known[key]

    def _trust_of(self, unit: str, kind: str) -> dict[tuple[str, str], SurveyTrust]:
        """Of its surveys, with the constants as they are."""
        if (unit, kind) not in self._trust:
            self._trust[unit, kind] = self._sites[unit].judge(kind)
        return self._trust[unit, kind]

    def _site_ratios(self, unit: str, kind: str, model: str, exact: bool) -> dict[str, float]:
        site: Site = self._sites[unit]
        found = site.rows((kind,), (model,)) if exact else site.rows((kind,), (model,), most=1)
        rows: dict[str, Score] = with_baselines(self._folder, found)
        return {name: score.ratio for name, score in rows.items() if score.best}

    def _store_ratios(self) -> dict[str, float]:
        """To the figures of the baseline file: 1 is as good as they were."""
        if not self._stores:
            self._stores = [recording(air, VARIANTS["plain"], seed) for air in AIRS for seed in STORE_SEEDS]
        then = baseline()
        out = {}
        for i, made in enumerate(self._stores):
            air = list(AIRS)[i // len(STORE_SEEDS)]
            now = store_figures(made, whole=False)["median_m"]
            out[f"{air} store {STORE_SEEDS[i % len(STORE_SEEDS)]}"] = now / then[f"{air} store, plain"]["median_m"]
        return out

    def _keep(self, key: str, ratios: dict[str, float]) -> None:
        self._known[key] = ratios
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as file:
            file.write(json.dumps([key, ratios]) + "\n")


def digest_of(folder: Path) -> str:
    """Of all code below a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def in_families(rows: Callable[[str], Rows], units: list[str]) -> dict[str, float]:
    """Geometric mean of the ratios by family, each unit with its own setting."""
    out: Rows = {}
    for unit in units:
        for family, logs in rows(unit).items():
            out.setdefault(family, []).extend(logs)
    return {family: math.exp(sum(logs) / len(logs)) for family, logs in out.items()}
