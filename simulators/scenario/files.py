"""Scenarios from YAML files, shipped or one's own.

A scenario may say what it `extends` (a shipped name, or a file beside it): mappings are merged key by key, all else is
replaced, and `null` takes a key back to its default. Every mistake is listed at once, with the file it was written in
and its key.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from engine.errors import OperatorError, Problem
from engine.wording import validation_problems
from engine.yaml_files import read_yaml
from simulators.scenario.scenario import Scenario

SHIPPED = Path(str(resources.files("simulators"))) / "scenarios"
"""Where the scenarios that come with Rayon are."""


def shipped_scenarios() -> dict[str, Path]:
    """Name to file of the scenarios that come with Rayon, in order of name."""
    return {p.stem: p for p in sorted(SHIPPED.glob("*.yaml"))}


def find_scenario(name: str, beside: Path | None = None) -> Path:
    """The file behind a shipped name or a path. Raises OperatorError when there is none."""
    shipped = shipped_scenarios()
    if name in shipped:
        return shipped[name]
    tries = [Path(name)] if beside is None else [beside / name, beside / f"{name}.yaml"]
    for path in tries:
        if path.is_file():
            return path
    fix = "a file, or one of: " + ", ".join(shipped)
    raise OperatorError([Problem(name, "(scenario)", "no such scenario", fix)])


def load_scenario(name: str) -> Scenario:
    """The scenario of a shipped name or a file, with what it extends. Raises OperatorError listing every problem."""
    path = find_scenario(name)
    origin: dict[str, str] = {}
    raw = _compose(path, (), origin)
    if "folder" in raw:
        del raw["folder"]
        raise OperatorError([Problem(origin.get("folder", str(path)), "folder", "set by the loader", "remove it")])
    raw.setdefault("name", path.stem)
    try:
        return Scenario.model_validate({**raw, "folder": path.parent})
    except ValidationError as error:
        problems = [_locate_problem(p, origin) for p in validation_problems(error, str(path), model=Scenario)]
        raise OperatorError(problems) from error


def _locate_problem(problem: Problem, origin: dict[str, str]) -> Problem:
    """The problem with the file its key was written in: the longest known prefix of its place decides."""
    parts = problem.place.split(".")
    for end in range(len(parts), 0, -1):
        file = origin.get(".".join(parts[:end]))
        if file is not None:
            return Problem(file, problem.place, problem.reason, problem.fix)
    return problem


def _compose(path: Path, chain: tuple[Path, ...], origin: dict[str, str]) -> dict[str, Any]:
    if path.resolve() in chain:
        raise OperatorError([Problem(str(path), "extends", "extends itself in a circle", "cut the circle")])
    raw = _read(path)
    base_name = raw.pop("extends", None)
    if base_name is None:
        base: dict[str, Any] = {}
    elif isinstance(base_name, str):
        base = _compose(find_scenario(base_name, path.parent), (*chain, path.resolve()), origin)
    else:
        raise OperatorError([Problem(str(path), "extends", "not the name of a scenario", f"got {base_name!r:.60}")])
    return _merge(base, raw, "", str(path), origin)


def _merge(base: dict[str, Any], over: dict[str, Any], at: str, file: str, origin: dict[str, str]) -> dict[str, Any]:
    out = dict(base)
    for key, value in over.items():
        place = f"{at}.{key}" if at else str(key)
        origin[place] = file
        if value is None:
            out.pop(key, None)
        elif isinstance(value, dict):
            below = out.get(key)
            out[key] = _merge(below if isinstance(below, dict) else {}, value, place, file, origin)
        else:
            out[key] = value
    return out


def _read(path: Path) -> dict[str, Any]:
    raw = read_yaml(path)
    if not isinstance(raw, dict):
        raise OperatorError(
            [Problem(str(path), "(whole file)", "not a mapping of keys", "start from a shipped scenario")]
        )
    return raw


def store_folder(scenario: Scenario) -> Path:
    """The floor plan's folder: shipped by name, else beside the scenario file, else from here. Raises OperatorError."""
    shipped = Path(str(resources.files("floorplans"))) / scenario.store
    tries = [shipped, scenario.folder / scenario.store, Path(scenario.store)]
    for folder in tries:
        if (folder / "plan.geojson").is_file():
            return folder
    fix = "a shipped floor plan's name, or a folder that holds a plan.geojson"
    raise OperatorError([Problem(scenario.name, "store", f"no floor plan {scenario.store!r}", fix)])
