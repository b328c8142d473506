"""What pydantic finds, in words: what is wrong with a value, and what would be right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from engine.errors import Problem


class MistakeCode(StrEnum):
    """What can be wrong with what somebody wrote, for pages that say it in their language."""

    MISSING = "missing"
    UNKNOWN_KEY = "unknown_key"
    MISSPELT_KEY = "misspelt_key"
    WHOLE_NUMBER = "whole_number"
    NUMBER = "number"
    TEXT = "text"
    YES_NO = "yes_no"
    LIST = "list"
    KEYS = "keys"
    MORE_THAN = "more_than"
    AT_LEAST = "at_least"
    LESS_THAN = "less_than"
    AT_MOST = "at_most"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    PATTERN = "pattern"
    ONE_OF = "one_of"
    CLOCK = "clock"
    DAY = "day"
    MOMENT = "moment"
    OTHER = "other"
    # what a form cannot read
    TOO_MANY_DECIMALS = "too_many_decimals"
    TAKEN = "taken"
    # between the keys of a campaign
    ONE_PLACE = "one_place"
    RADIUS = "radius"
    TARGET_PRODUCT = "target_product"
    TARGET_CATEGORY = "target_category"
    NEAR_END_PRODUCT = "near_end_product"
    UNBOUNDED_BUDGET = "unbounded_budget"
    PACE_WITHOUT_LINE = "pace_without_line"
    PACE_WITHOUT_BUDGET = "pace_without_budget"
    CONTROL_CHARACTERS = "control_characters"
    YEAR = "year"
    ENDS_FIRST = "ends_first"
    KNOWN_ORDER = "known_order"
    ONE_INTEREST = "one_interest"
    # against the plan
    OTHER_STORE = "other_store"
    UNKNOWN_PRODUCT = "unknown_product"
    UNKNOWN_ZONE = "unknown_zone"
    UNKNOWN_SEGMENT = "unknown_segment"
    UNKNOWN_CATEGORY = "unknown_category"
    DOUBLE_ID = "double_id"
    SAME_TIME = "same_time"
    # of HQ's campaigns, and of what a store changes of one
    HQ_NO_RANGE = "hq_no_range"
    HQ_OWN_CAMPAIGN = "hq_own_campaign"
    HQ_KEEPS = "hq_keeps"
    HQ_BETWEEN = "hq_between"
    HQ_AT_LEAST = "hq_at_least"
    HQ_AT_MOST = "hq_at_most"
    HQ_CURRENCIES = "hq_currencies"
    # against the law
    NOT_PERISHABLE = "not_perishable"
    NEAR_END_ANNOUNCED = "near_end_announced"
    NOT_PROMOTED = "not_promoted"
    ABOVE_CAP = "above_cap"
    ABOVE_CAP_UNCLASSED = "above_cap_unclassed"
    WORD_FOR_FOOD = "word_for_food"
    WORD_FOR_ALCOHOL = "word_for_alcohol"
    NEEDS_FIRST_DAY = "needs_first_day"
    NEEDS_PRIOR_PRICE = "needs_prior_price"
    PRIOR_OF_PRODUCT = "prior_of_product"
    PRIOR_NOT_WITHIN = "prior_not_within"
    NO_REDUCTION = "no_reduction"
    FROM_ANOTHER_PRICE = "from_another_price"
    # of the file itself
    NOT_YAML = "not_yaml"
    NOT_CAMPAIGNS = "not_campaigns"
    # of receipts that are given for a comparison
    RECEIPT_HEADER = "receipt_header"
    RECEIPT_CELLS = "receipt_cells"
    RECEIPT_NUMBERS = "receipt_numbers"
    RECEIPT_RANGE = "receipt_range"
    TOO_MANY_RECEIPTS = "too_many_receipts"


def validation_problems(
    error: ValidationError, file: str, *, brackets: bool = False, model: type[BaseModel] | None = None
) -> list[Problem]:
    """Pydantic's findings as problems, each with its key path: `campaigns.0.id`, or `sources[0].name` in brackets.

    Where the `model` that was to be read is given, an unknown key is told with the one of its place that it is most
    like."""
    entry = "[{}]" if brackets else ".{}"
    return [_problem(found, file, entry, model) for found in error.errors() if not _is_long_enough(found)]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that a misspelt one is most like; None where it is like none."""
    return next(iter(get_close_matches(word[:100], sorted(known), n=1)), None)


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> set[str]:
    """The keys that a place below a model may have, as one writes them; `path` as pydantic has it."""
    found = [model]
    for part in path:
        below = [m for own in found for name, field in own.model_fields.items() if part == (field.alias or name)
                 for m in _models_in(field.annotation)]  # fmt: skip
        found = below or [own for own in found if _is_called(own, part)] or found
    return {field.alias or name for own in found for name, field in own.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def _is_called(model: type[BaseModel], part: str | int) -> bool:
    """Whether pydantic names this one of several models in its paths: by its class, or by what its `kind` may be."""
    return part == model.__name__ or any(part in get_args(field.annotation) for field in model.model_fields.values())


def _is_long_enough(found: Mapping[str, Any]) -> bool:
    """Whether a list that is said to be too short is not: entries with mistakes of their own were not counted."""
    given = found.get("input")
    return found["type"] == "too_short" and isinstance(given, list | tuple) and len(given) >= found["ctx"]["min_length"]


def _problem(found: Mapping[str, Any], file: str, entry: str, model: type[BaseModel] | None) -> Problem:
    parts = (entry.format(part) if isinstance(part, int) else f".{part}" for part in found["loc"])
    place = "".join(parts).removeprefix(".") or "(whole file)"
    kind, ctx = str(found["type"]), found.get("ctx", {})
    code = _CODES.get(kind) or _OWN.get(kind, MistakeCode.OTHER)
    limits = {"n": ctx[_LIMITS[kind]]} if kind in _LIMITS else {}
    values = {**limits, "got": _show(found.get("input"))}
    if kind == "extra_forbidden" and model is not None:
        near = nearest(str(found["loc"][-1]), keys_at(model, found["loc"][:-1]))
        if near is not None:
            values |= {"near": near}
            return Problem(
                file, place, _FIXED[kind][0], f"did you mean {near!r}?", code=MistakeCode.MISSPELT_KEY, values=values
            )
    if kind in _FIXED:
        return Problem(file, place, *_FIXED[kind], code=code, values=values)
    words = _WORDS.get(kind)
    reason = words(ctx) if words else str(found["msg"])
    got = f"got {found.get('input')!r:.60}" if values["got"] else ""
    return Problem(file, place, reason, got, code=code, values=values)


def _show(value: object) -> str:
    """One value as it was written; of a list or of keys with values nothing, which say no more than their place."""
    return "" if isinstance(value, Mapping | list | tuple) or value is None else f"{value!s:.60}"


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
    "string_too_short": lambda ctx: f"must have at least {_count(ctx['min_length'], 'character')}",
    "string_too_long": lambda ctx: f"must have at most {_count(ctx['max_length'], 'character')}",
    "too_short": lambda ctx: f"must have at least {_count(ctx['min_length'], 'entry', 'entries')}",
    "too_long": lambda ctx: f"must have at most {_count(ctx['max_length'], 'entry', 'entries')}",
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

_LIMITS = {
    "greater_than": "gt",
    "greater_than_equal": "ge",
    "less_than": "lt",
    "less_than_equal": "le",
    "string_too_short": "min_length",
    "string_too_long": "max_length",
    "too_short": "min_length",
    "too_long": "max_length",
}
_CODES = {
    "missing": MistakeCode.MISSING,
    "extra_forbidden": MistakeCode.UNKNOWN_KEY,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), MistakeCode.WHOLE_NUMBER),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), MistakeCode.NUMBER),
    "string_type": MistakeCode.TEXT,
    **dict.fromkeys(("bool_type", "bool_parsing"), MistakeCode.YES_NO),
    **dict.fromkeys(("list_type", "tuple_type"), MistakeCode.LIST),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), MistakeCode.KEYS),
    "greater_than": MistakeCode.MORE_THAN,
    "greater_than_equal": MistakeCode.AT_LEAST,
    "less_than": MistakeCode.LESS_THAN,
    "less_than_equal": MistakeCode.AT_MOST,
    **dict.fromkeys(("string_too_short", "too_short"), MistakeCode.TOO_SHORT),
    **dict.fromkeys(("string_too_long", "too_long"), MistakeCode.TOO_LONG),
    "string_pattern_mismatch": MistakeCode.PATTERN,
    **dict.fromkeys(("literal_error", "enum", "union_tag_invalid", "union_tag_not_found"), MistakeCode.ONE_OF),
    **dict.fromkeys(("time_type", "time_parsing"), MistakeCode.CLOCK),
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), MistakeCode.DAY),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"), MistakeCode.MOMENT
    ),
}
"""By pydantic's name of the error."""
_OWN = {code.value: code for code in MistakeCode}
"""A model's own errors are named by their code."""


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _count(n: int, one: str, more: str | None = None) -> str:
    return f"{n} {one if n == 1 else more or one + 's'}"
