"""Strict reading of JSON objects: known keys only, each value of its kind, every mistake with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.plan.findings import Findings, WrongValueError
from engine.wording import nearest

Read = Callable[[Any], Any]
"""Turns a raw JSON value into ours, or raises WrongValueError."""

# Line ends, half characters (no file can hold them) and non-characters (no SVG can).
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which keys were written twice (JSON readers keep the last one silently)."""

    twice: tuple[str, ...] = ()

    @classmethod
    def from_pairs(cls, pairs: list[tuple[str, Any]]) -> JsonObject:
        """For `json.loads(object_pairs_hook=...)`."""
        made = cls(pairs)
        if len(made) < len(pairs):
            seen: set[str] = set()
            made.twice = tuple(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return made


@dataclass(frozen=True, slots=True)
class Field:
    """One key of an object. `default` stands in for an absent optional key."""

    read: Read
    required: bool = True
    default: Any = None


def optional(read: Read, default: Any = None) -> Field:
    """A key that may be left out."""
    return Field(read, required=False, default=default)


def show(value: Any) -> str:
    """A raw value, short enough for an error line."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def closest(word: Any, known: Iterable[str]) -> str:
    """What a misspelt word probably meant, or the list of what is known."""
    known = sorted(known)
    near = nearest(str(word), known)
    return f"did you mean {near!r}?" if near is not None else "one of: " + ", ".join(known)


def text(*, at_most: int = 200, pattern: str | None = None, like: str = "") -> Read:
    """A non-empty line of text; `like` shows one that matches `pattern`."""

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise WrongValueError(f"{show(value)} is not text", f'write it in quotes, like "{like or "abc"}"')
        if not value.strip():
            raise WrongValueError("is empty", f"give 1 to {at_most} characters")
        if len(value) > at_most:
            raise WrongValueError(f"has {len(value)} characters", f"at most {at_most}")
        if _CONTROL.search(value):
            raise WrongValueError(f"{show(value)} holds a control character", "one line of plain text")
        if pattern is not None and not re.fullmatch(pattern, value):
            raise WrongValueError(f"{show(value)} is not of the form {pattern}", f'like "{like}"')
        return value

    return read


def number(low: float, high: float, fix: str = "") -> Read:
    """A finite number from `low` to `high`, both included. `fix` says what would be right, the range by default."""
    right = fix or f"a number from {low:g} to {high:g}"

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise WrongValueError(f"{show(value)} is not a number", right)
        if isinstance(value, float) and not math.isfinite(value):
            raise WrongValueError(f"{value} is not a finite number", right)
        if not low <= value <= high:
            raise WrongValueError(f"{show(value)} is out of range", right)
        return float(value)

    return read


def whole(low: int, high: int) -> Read:
    """A whole number from `low` to `high`, both included. 2.0 is not one: it would hide a unit mistake."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongValueError(f"{show(value)} is not a whole number", f"a whole number from {low} to {high}")
        if not low <= value <= high:
            raise WrongValueError(f"{show(value)} is out of range", f"a whole number from {low} to {high}")
        return value

    return read


def flag(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise WrongValueError(f"{show(value)} is neither true nor false", "true or false, without quotes")
    return value


MOST_ADDRESSES = 256  # three radios with sixteen networks each are 48


def addresses(value: Any) -> tuple[str, ...]:
    """A list of MAC addresses in any spelling, none of them everybody's or nobody's."""
    right = 'a list like ["aa:bb:cc:00:00:01", "AABB.CC00.0002"]'
    if not isinstance(value, list):
        raise WrongValueError(f"{show(value)} is not a list", right)
    if len(value) > MOST_ADDRESSES:
        raise WrongValueError(f"holds {len(value)} addresses", f"at most {MOST_ADDRESSES}")
    for one in value:
        bare = re.sub("[:.-]", "", one.strip().lower()) if isinstance(one, str) else ""
        if not re.fullmatch("[0-9a-f]{12}", bare) or bare in ("0" * 12, "f" * 12):
            raise WrongValueError(f"{show(one)} is no receiver's MAC", right)
    return tuple(value)


def choice(*known: str) -> Read:
    """One of a few words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise WrongValueError(f"{show(value)} is not known here", closest(value, known))
        return value

    return read


def read_object(raw: Any, fields: Mapping[str, Field], place: str, findings: Findings) -> dict[str, Any] | None:
    """All values of `fields`, or None when anything was wrong (then it is in `findings`)."""
    before = len(findings.errors)
    if not isinstance(raw, dict):
        findings.wrong(place, f"{show(raw)} is not an object", "{" + ", ".join(f'"{k}": …' for k in fields) + "}")
        return None
    refuse_unknown(raw, fields, place, findings)
    values = {}
    for key, field in fields.items():
        if key not in raw:
            values[key] = field.default
            if field.required:
                findings.wrong(f"{place}.{key}", "is missing", "this key is required")
            continue
        try:
            values[key] = field.read(raw[key])
        except WrongValueError as wrong:
            findings.wrong(f"{place}.{key}", wrong.reason, wrong.fix)
    return values if len(findings.errors) == before else None


def refuse_unknown(raw: dict[str, Any], known: Iterable[str], place: str, findings: Findings) -> None:
    """Refuses keys that are not known, and keys written twice."""
    known = list(known)
    for key in raw:
        if key not in known:
            findings.wrong(
                f"{place}.{key if key.isprintable() else show(key)}",
                "this key is not known",
                "remove it, or " + closest(key, known),
            )
    for key in getattr(raw, "twice", ()):
        findings.wrong(f"{place}.{key}", "this key is given twice", "keep one")
