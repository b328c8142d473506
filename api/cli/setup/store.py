"""The store and its floor plan: a drawing that somebody has, or a rectangle to start from."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from api.cli.decode.counting import say_count
from api.cli.plan.import_ import drawing_answers, read_drawing
from api.cli.plan.new import read_size
from api.cli.setup.asking import WrongAnswer, ask, ask_one_of, ask_text, say
from api.cli.setup.files import write_whole
from engine.errors import OperatorError, Problem
from engine.plan.findings import Findings
from engine.plan.header import VERSION, read_header
from engine.plan.importers.answers import DEFAULT_CURRENCY, DEFAULT_TIMEZONE
from engine.plan.importers.run import import_drawing
from engine.plan.importers.start import new_plan, plan_text
from engine.plan.load import PLAN_FILE, check_raw, load_plan
from engine.plan.model import Plan

_OPTIONS = {"--units": "units", "--known-length": "known_length", "--layer": "layer", "--shop": "shop"}


def choose_store(floorplans: Path) -> str:
    """The id of a store that is there, or of a new one."""
    there = sorted(path.parent.name for path in floorplans.glob(f"*/{PLAN_FILE}"))
    if there:
        say(f"Stores that have a plan: {', '.join(there)}.")
    return ask("Store's id, for folders and addresses", _header("store"), there[0] if there else "shop")


def make_plan(folder: Path, store: str) -> Plan:
    """The plan that the store has, or one that is made now and written."""
    target = folder / PLAN_FILE
    if target.exists():
        plan = load_plan(folder)
        say(f"{target} is there and stays: {_describe(plan)}.")
        return plan
    name = ask("Name that people read", _header("name"), store)
    timezone = ask("Time zone", _header("timezone"), machine_timezone())
    currency = ask("Currency", lambda text: _header("currency")(text.upper()), DEFAULT_CURRENCY)
    how = ask_one_of("Plan: 1 a rectangle to start from, 2 a drawing (IMDF, DXF, GeoJSON, Ekahau)",
                     ("rectangle", "drawing"), "rectangle")  # fmt: skip
    head = {"name": name, "timezone": timezone, "currency": currency}
    raw = _rectangle(store, head) if how == "rectangle" else _drawing(store, head)
    write_whole(target, plan_text(raw))
    plan = load_plan(folder)
    say(f"{target}: {_describe(plan)}. See it: rayon plan draw {folder} -o plan.svg")
    return plan


def machine_timezone(link: Path = Path("/etc/localtime")) -> str:
    """The time zone that this machine is set to, where it is a place's; else the usual one."""
    if not link.is_symlink():
        return DEFAULT_TIMEZONE
    _, _, name = os.path.realpath(link).partition("/zoneinfo/")
    try:
        return str(_header("timezone")(name)) if "/" in name and not name.startswith("Etc/") else DEFAULT_TIMEZONE
    except OperatorError:
        return DEFAULT_TIMEZONE


def _header(key: str) -> Callable[[str], str]:
    """Reads one member of a plan's header, as the plan's own check would."""

    def read(text: str) -> str:
        findings = Findings("")
        good = {"version": VERSION, "store": "s", "name": "s", "timezone": "UTC", "currency": "EUR", "anchor": None}
        read_header(good | {key: text}, findings)
        if findings.errors:
            raise OperatorError(findings.errors)
        return text

    return read


def _rectangle(store: str, head: dict[str, str]) -> dict[str, Any]:
    width_m, depth_m = ask("Metres from left to right, and from door to back", read_size, "30x20")
    raw = new_plan(store, head["name"], head["timezone"], head["currency"], width_m, depth_m)
    say("The corner at 0, 0 is left of the door as one comes in; x runs to the right, y to the back, in metres.")
    return without_points(raw)


def without_points(raw: dict[str, Any]) -> dict[str, Any]:
    """A start without the access points that it makes up: setup places those that are heard."""
    kept = [f for f in raw["features"] if f["properties"]["feature_type"] != "access_point"]
    return {**raw, "features": kept}


def _drawing(store: str, head: dict[str, str]) -> dict[str, Any]:
    file = ask("The drawing: a file, or a folder of layers", _existing)
    answers = drawing_answers(store, **head)
    options: list[str] = []
    while True:
        try:
            made = import_drawing(read_drawing(file), str(file), answers)
        except OperatorError as error:
            _tell(error)
        else:
            for warning in made.warnings:
                say(f"  {warning}")
            return made.plan
        more = ask_text("Say what it does not tell, as --units cm or --layer 'NAME=wall' (empty: another drawing)")
        if not more:
            return _drawing(store, head)
        try:
            answers = drawing_answers(store, **head, **_read_options([*options, *shlex.split(more)]))
            options += shlex.split(more)
        except OperatorError as error:
            _tell(error)
        except ValueError:
            say("  a quotation mark is open")


def _tell(error: OperatorError) -> None:
    for problem in error.problems:
        say(f"  {problem}")


def _read_options(words: Sequence[str]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    pairs = iter(words)
    for word in pairs:
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        key = _OPTIONS.get(option)
        if key is None:
            raise OperatorError([Problem("options", word, "is not one of them", f"one of {', '.join(_OPTIONS)}")])
        value = value if equals else next(pairs, "")
        read[key] = [*read.get(key, []), value] if key in ("layer", "shop") else value
    return read


def _existing(text: str) -> Path:
    path = Path(text).expanduser()
    if not text or not path.exists():
        raise WrongAnswer(f"there is no {text!r} here")
    return path


def _describe(plan: Plan) -> str:
    width = [level.polygon.bounds[2] - level.polygon.bounds[0] for level in plan.levels]
    depth = [level.polygon.bounds[3] - level.polygon.bounds[1] for level in plan.levels]
    size = ", ".join(f"{w:.1f} by {d:.1f} m" for w, d in zip(width, depth, strict=True))
    zones, points = say_count(len(plan.zones), "zone"), say_count(len(plan.access_points), "access point")
    return f"{plan.name}, {size}, {zones}, {points}"


def check_raw_plan(raw: dict[str, Any], target: Path) -> Plan:
    """The plan that an object is. Raises OperatorError with what is wrong with it."""
    findings = Findings(str(target))
    plan = check_raw(raw, findings)
    if plan is None:
        raise OperatorError(findings.errors)
    return plan
