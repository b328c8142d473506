"""What pydantic finds, in words: what is wrong with a value, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from engine.errors import Problem


def validation_problems(error: ValidationError, file: str, *, brackets: bool = False) -> list[Problem]:
    """Pydantic's findings as problems, each with its key path: `campaigns.0.id`, or `sources[0].name` in brackets."""
    return [_problem(found, file, "[{}]" if brackets else ".{}") for found in error.errors()]


def _problem(found: Mapping[str, Any], file: str, entry: str) -> Problem:
    parts = (entry.format(part) if isinstance(part, int) else f".{part}" for part in found["loc"])
    place = "".join(parts).removeprefix(".") or "(whole file)"
    kind = str(found["type"])
    if kind in _FIXED:
        return Problem(file, place, *_FIXED[kind])
    words = _WORDS.get(kind)
    reason = words(found.get("ctx", {})) if words else str(found["msg"])
    return Problem(file, place, reason, f"got {found.get('input')!r:.60}")


_FIXED = {
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is no key that Rayon knows", "remove it or correct its name"),
}

_WORDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "int_from_float": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "finite_number": lambda _: "must be a finite number",
    "string_type": lambda _: "must be text",
    "bool_type": lambda _: "must be true or false",
    "bool_parsing": lambda _: "must be true or false",
    "list_type": lambda _: "must be a list",
    "tuple_type": lambda _: "must be a list",
    "set_type": lambda _: "must be a list",
    "frozen_set_type": lambda _: "must be a list",
    "dict_type": lambda _: "must hold keys with values",
    "model_type": lambda _: "must hold keys with values",
    "model_attributes_type": lambda _: "must hold keys with values",
    "path_type": lambda _: "must be a path",
    "none_required": lambda _: "must be left empty",
    "greater_than": lambda ctx: f"must be more than {_number(ctx['gt'])}",
    "greater_than_equal": lambda ctx: f"must be at least {_number(ctx['ge'])}",
    "less_than": lambda ctx: f"must be less than {_number(ctx['lt'])}",
    "less_than_equal": lambda ctx: f"must be at most {_number(ctx['le'])}",
    "multiple_of": lambda ctx: f"must be a multiple of {_number(ctx['multiple_of'])}",
    "string_too_short": lambda ctx: f"must have at least {_counted(ctx['min_length'], 'character')}",
    "string_too_long": lambda ctx: f"must have at most {_counted(ctx['max_length'], 'character')}",
    "too_short": lambda ctx: f"must have at least {_counted(ctx['min_length'], 'entry', 'entries')}",
    "too_long": lambda ctx: f"must have at most {_counted(ctx['max_length'], 'entry', 'entries')}",
    "string_pattern_mismatch": lambda ctx: f"must look like {ctx['pattern']}",
    "literal_error": lambda ctx: f"must be {ctx['expected']}",
    "enum": lambda ctx: f"must be {ctx['expected']}",
    "union_tag_invalid": lambda ctx: f"{ctx['discriminator']} must be one of {ctx['expected_tags']}",
    "union_tag_not_found": lambda ctx: f"{ctx['discriminator']} is missing",
    "value_error": lambda ctx: str(ctx["error"]),
    "time_type": lambda _: "must be a time, such as 09:30",
    "time_parsing": lambda _: "must be a time, such as 09:30",
    "time_delta_parsing": lambda _: "must be a length of time",
    "date_type": lambda _: "must be a day, such as 2027-01-31",
    "date_parsing": lambda _: "must be a day, such as 2027-01-31",
    "date_from_datetime_parsing": lambda _: "must be a day, such as 2027-01-31",
    "datetime_type": lambda _: "must be a time, such as 2027-01-31T09:30:00+01:00",
    "datetime_parsing": lambda _: "must be a time, such as 2027-01-31T09:30:00+01:00",
    "datetime_from_date_parsing": lambda _: "must be a time, such as 2027-01-31T09:30:00+01:00",
    "timezone_aware": lambda _: "must name its time zone, such as 2027-01-31T09:30:00+01:00",
    "json_invalid": lambda _: "is not JSON",
}
"""By pydantic's name of the error; what is not here keeps pydantic's words."""


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _counted(n: int, one: str, more: str | None = None) -> str:
    return f"{n} {one if n == 1 else more or one + 's'}"
