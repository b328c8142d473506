"""JSON members of a drawing, read without trust: what is not there, or is no JSON, is one refusal."""

from __future__ import annotations

import json
from typing import Any

from engine.plan.importers.notes import Notes


def read_json_any(content: bytes, place: str, notes: Notes) -> Any:
    """The value in `content`. Raises OperatorError where there is none."""
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        notes.refuse(place, f"is not UTF-8, at byte {error.start}", "save it as UTF-8")
    except json.JSONDecodeError as error:
        notes.refuse(f"{place}, line {error.lineno}, column {error.colno}", f"is not JSON: {error.msg}")
    except (ValueError, RecursionError):
        notes.refuse(place, "is nested too deeply, or holds numbers of thousands of digits")


def read_json(content: bytes, place: str, notes: Notes) -> dict[str, Any]:
    """The object in `content`. Raises OperatorError where there is none."""
    raw = read_json_any(content, place, notes)
    if not isinstance(raw, dict):
        notes.refuse(place, "is no JSON object", "a GeoJSON FeatureCollection, as the program exports it")
    return raw


def features_of(raw: dict[str, Any], place: str, notes: Notes) -> list[dict[str, Any]]:
    """The features of a collection that are objects; the others are told of once."""
    found = raw.get("features")
    if raw.get("type") == "Feature":
        found = [raw]
    if not isinstance(found, list):
        notes.refuse(place, "is no FeatureCollection", "GeoJSON as the program exports it")
    good = [feature for feature in found if isinstance(feature, dict)]
    if len(good) < len(found):
        notes.say(place, f"{len(found) - len(good)} of its features are none, and are left out")
    return good


def properties_of(feature: dict[str, Any]) -> dict[str, Any]:
    """The properties of a feature; none where they are null or something else."""
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def rows_of(files: dict[str, bytes], name: str, key: str, notes: Notes) -> list[dict[str, Any]]:
    """The objects in list `key` of the member `name`; none where the archive has no such member."""
    if name not in files:
        return []
    found = read_json(files[name], name, notes).get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def number_of(value: Any, default: float) -> float:
    """A finite number of this size, or `default`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e12 < value < 1e12:
        return default
    return float(value)
