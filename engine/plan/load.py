"""Reads a store's folder: `plan.geojson` and `products.csv` become a Plan, or every mistake in them is listed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from engine.errors import OperatorError, Problem
from engine.plan.checks.crosscheck import check_features, check_products
from engine.plan.checks.hung import check_hung
from engine.plan.checks.reachable import check_reachable
from engine.plan.features import PlacedRecord, read_feature
from engine.plan.fields import JsonObject, refuse_unknown, show
from engine.plan.findings import Findings, tell_once
from engine.plan.header import Header, is_store_name, read_header
from engine.plan.model import AccessPoint, Fixture, Level, Opening, Plan, Wall, Zone
from engine.plan.products import PlacedProduct, read_products
from engine.plan.walkable import walkable_area

PLAN_FILE = "plan.geojson"
PRODUCTS_FILE = "products.csv"
_NOWHERE = Header("unknown", "unknown", "UTC", "EUR", None)


def load_plan(folder: Path) -> Plan:
    """The plan in `folder`. Raises OperatorError that lists every mistake of its files, with places."""
    plan, errors, _ = _read(Path(folder))
    if plan is None:
        raise OperatorError(errors)
    return plan


def check_plan(folder: Path) -> tuple[Plan | None, list[Problem], list[Problem]]:
    """The plan (None when it has errors), its errors, and its warnings, with those that need the whole plan."""
    plan, errors, warnings = _read(Path(folder))
    if plan is not None:
        findings = Findings(str(Path(folder) / PLAN_FILE))
        check_reachable(plan, findings)
        check_hung(plan, findings)
        warnings += tell_once(findings.warnings)
    return plan, errors, warnings


def check_raw(raw: dict[str, Any], findings: Findings) -> Plan | None:
    """The plan that an object like that of `plan.geojson` is, without products; None where `findings` has errors."""
    header, placed, _ = _read_collection(raw, findings)
    return None if findings.errors else _assemble(header or _NOWHERE, placed, [])


def store_folders(floorplans_dir: Path) -> list[str]:
    """The names of the folders that hold a plan, which are the stores' own, sorted; with those that are closed to us
    and bear a name that a store may have: whoever reads their plan says so."""
    found = Path(floorplans_dir).glob("*")
    return sorted(one.name for one in found if _is_there(one / PLAN_FILE, closed=is_store_name(one.name)))


def _is_there(path: Path, *, closed: bool) -> bool:
    """As `Path.exists`, or `closed` where we may not look."""
    try:
        path.stat()
    except PermissionError:
        return closed
    except OSError:
        return False
    return True


def load_plans(floorplans_dir: Path, stores: Sequence[str] = ()) -> dict[str, Plan]:
    """Plans by store id: those of `stores`, or of every folder that holds a plan. OperatorError has all mistakes.

    Each store lies in the folder of its name.
    """
    plans, faults = load_sound_plans(floorplans_dir, stores)
    if faults:
        raise OperatorError([problem for problems in faults.values() for problem in problems])
    return plans


def load_sound_plans(
    floorplans_dir: Path, stores: Sequence[str] = ()
) -> tuple[dict[str, Plan], dict[str, list[Problem]]]:
    """Those of `load_plans` that have no mistake, and the mistakes of the others, by folder. OperatorError where no
    plan is left."""
    floorplans_dir = Path(floorplans_dir)
    folders = [floorplans_dir / s for s in stores or store_folders(floorplans_dir)]
    if not folders:
        fix = f"one folder per store, each with a {PLAN_FILE}; looked in {floorplans_dir.resolve()}"
        raise OperatorError([Problem(str(floorplans_dir), "(folder)", "holds no floor plan", fix)])
    plans: dict[str, Plan] = {}
    faults: dict[str, list[Problem]] = {}
    elsewhere = set[str]()
    for folder in folders:
        plan, errors, _ = _read(folder)
        if plan is None:
            faults[folder.name] = errors
        elif plan.store == folder.name:
            plans[plan.store] = plan
        else:
            faults[folder.name] = [_second(plan, folder) if plan.store in elsewhere else folder_problem(plan, folder)]
            elsewhere.add(plan.store)
    if not plans:
        raise OperatorError([problem for problems in faults.values() for problem in problems])
    return plans, faults


def load_plan_of(floorplans_dir: Path, store: str) -> Plan:
    """The plan of one store of a site. Raises OperatorError with every mistake, also where it is another store's."""
    plan = load_plan(floorplans_dir / store)
    if plan.store != store:
        raise OperatorError([folder_problem(plan, floorplans_dir / store)])
    return plan


def folder_problem(plan: Plan, folder: Path) -> Problem:
    """A store that does not lie in the folder of its name: a site would look for its campaigns elsewhere."""
    reason = f"store {plan.store!r} lies in folder {folder.name!r}"
    return Problem(str(folder / PLAN_FILE), "rayon.store", reason, "give both the same name")


def _second(plan: Plan, folder: Path) -> Problem:
    reason = f"store {plan.store!r} has another floor plan already"
    return Problem(str(folder / PLAN_FILE), "rayon.store", reason, "one folder per store")


def _read(folder: Path) -> tuple[Plan | None, list[Problem], list[Problem]]:
    drawn = Findings(str(folder / PLAN_FILE))
    sold = Findings(str(folder / PRODUCTS_FILE))
    raw = _read_json(folder, drawn)
    header, placed, declared = _read_collection(raw, drawn) if raw is not None else (None, [], set[str]())
    products: list[PlacedProduct] = []
    if _is_there(folder / PRODUCTS_FILE, closed=True):  # reading it says so
        content = _read_text(folder / PRODUCTS_FILE, sold)
        products = read_products(content, sold, (header or _NOWHERE).currency) if content is not None else []
    plan = _assemble(header or _NOWHERE, placed, products)
    if declared:  # without a level, that is the mistake to show
        check_products(products, plan, declared, sold)
    errors = drawn.errors + sold.errors
    return (None if errors else plan), tell_once(errors), tell_once(drawn.warnings + sold.warnings)


def _read_text(path: Path, findings: Findings) -> str | None:
    try:
        # utf-8-sig: spreadsheets and some drawing tools put a byte-order mark first
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        findings.wrong("(whole file)", error.strerror or str(error), f"{path.name} in the store's folder")
    except UnicodeDecodeError as error:
        findings.wrong(f"byte {error.start}", "is not UTF-8", "save the file as UTF-8")
    return None


def _read_json(folder: Path, findings: Findings) -> Any:
    content = _read_text(folder / PLAN_FILE, findings)
    if content is None:
        return None
    try:
        raw = json.loads(content, object_pairs_hook=JsonObject.from_pairs)
    except json.JSONDecodeError as error:
        findings.wrong(f"line {error.lineno}, column {error.colno}", f"is not JSON: {error.msg}", "")
        return None
    except ValueError as error:  # a whole number of thousands of digits
        findings.wrong("(whole file)", f"cannot be read: {error}", "a GeoJSON FeatureCollection")
        return None
    except RecursionError:
        findings.wrong("(whole file)", "is nested too deeply", "a GeoJSON FeatureCollection")
        return None
    if not isinstance(raw, dict):
        findings.wrong("(whole file)", f"{show(raw)} is not an object", "a GeoJSON FeatureCollection")
        return None
    return raw


def _read_collection(raw: dict[str, Any], findings: Findings) -> tuple[Header | None, list[PlacedRecord], set[str]]:
    if _is_of_others(raw):
        fix = "rayon plan import FILE DIR makes a plan of it"
        findings.wrong("(whole file)", "is GeoJSON of another program: no feature says what it is", fix)
        return None, [], set()
    refuse_unknown(raw, ("type", "rayon", "features", "bbox"), "(top)", findings)
    if raw.get("type") != "FeatureCollection":
        findings.wrong("type", f"{show(raw.get('type'))} is not FeatureCollection", '"FeatureCollection"')
    header = None
    if "rayon" in raw:
        header = read_header(raw["rayon"], findings)
    else:
        findings.wrong("rayon", "is missing", 'add "rayon": {"version": 1, "store": …}')
    features = raw.get("features")
    if not isinstance(features, list):
        findings.wrong("features", f"{show(features)} is not a list", "a list of features")
        return header, [], set()
    read = [read_feature(f, i, findings) for i, f in enumerate(features)]
    placed = [p for p in read if p is not None]
    declared = _declared_levels(features)
    if not any(_is_level(f) for f in features):
        findings.wrong("features", "hold no level", 'add a feature of feature_type "level"')
    check_features(placed, declared, findings)
    _refuse_full_levels(placed, findings)
    return header, placed, declared


def _is_of_others(raw: dict[str, Any]) -> bool:
    """Whether a collection has none of our words at all: neither `rayon` nor a `feature_type`."""
    features = raw.get("features")
    if "rayon" in raw or raw.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        return False
    properties = [f.get("properties") for f in features if isinstance(f, dict)]
    return not any(isinstance(p, dict) and "feature_type" in p for p in properties)


def _is_level(feature: Any) -> bool:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    return isinstance(properties, dict) and properties.get("feature_type") == "level"


def _declared_levels(features: list[Any]) -> set[str]:
    """Ids of all levels, broken ones too: a mistake in a level is not reported again by all that stands on it."""
    ids = [f["properties"].get("id") for f in features if _is_level(f)]
    return {i for i in ids if isinstance(i, str)}


def _refuse_full_levels(placed: list[PlacedRecord], findings: Findings) -> None:
    plan = _assemble(_NOWHERE, placed, [])
    for p in placed:
        if isinstance(p.record, Level) and walkable_area(plan, p.record.id).is_empty:
            findings.wrong(
                f"{p.place}.geometry", "is covered by fixtures: nobody can walk", "leave room, or walkable: true"
            )


def _assemble(header: Header, placed: list[PlacedRecord], products: list[PlacedProduct]) -> Plan:
    records = [p.record for p in placed]
    first = {
        r.id: r for r in reversed(records) if isinstance(r, Level)
    }  # a second one of an id is an error, told elsewhere
    levels = _with_floors([r for r in records if isinstance(r, Level) and first[r.id] is r])
    zones = tuple(r for r in records if isinstance(r, Zone))
    return Plan(
        store=header.store,
        name=header.name,
        timezone=header.timezone,
        currency=header.currency,
        anchor=header.anchor,
        levels=levels,
        walls=tuple(r for r in records if isinstance(r, Wall)),
        fixtures=tuple(r for r in records if isinstance(r, Fixture)),
        zones=zones or tuple(Zone(lv.id, lv.id, lv.name, "", lv.polygon) for lv in levels),
        openings=tuple(r for r in records if isinstance(r, Opening)),
        access_points=tuple(r for r in records if isinstance(r, AccessPoint)),
        products=tuple(p.product for p in products),
    )


def _with_floors(levels: list[Level]) -> tuple[Level, ...]:
    """Floor heights: ordinal 0 at 0 m, each storey on the tallest level of the storey below."""
    storey_m: dict[int, float] = {}
    for level in levels:
        storey_m[level.ordinal] = max(storey_m.get(level.ordinal, 0.0), level.height_m)
    floors = {}
    for ordinal in storey_m:
        below = sum(h for o, h in storey_m.items() if 0 <= o < ordinal)
        under = sum(h for o, h in storey_m.items() if ordinal <= o < 0)
        floors[ordinal] = below - under
    return tuple(replace(level, floor_z_m=floors[level.ordinal]) for level in levels)
