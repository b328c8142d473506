"""The keys of config.yaml and campaigns.yaml, from the pydantic models that read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import AwareDatetime, BaseModel, IPvAnyNetwork, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.config import Config
from engine.offers.campaigns import CampaignFile


@dataclass(frozen=True, slots=True)
class Entry:
    """One name: what stands in for it when it is left out, what it takes, and what the code itself says of it."""

    default: str = ""
    takes: str = ""
    note: str = ""


Vocabulary = Mapping[str, Entry]


@cache
def configuration() -> Vocabulary:
    """Every key of config.yaml, as `section.key`."""
    return dict(_keys(Config, ""))


@cache
def campaigns() -> Vocabulary:
    """Every key of campaigns.yaml, as a path: `campaigns[].place.radius_m`."""
    return dict(_keys(CampaignFile, ""))


def _keys(model: type[BaseModel], path: str) -> Iterator[tuple[str, Entry]]:
    for name, field in model.model_fields.items():
        key = f"{path}{field.alias or name}"
        below = list(_models(field.annotation))
        if not below:
            yield key, _entry(field)
            continue
        many = "[]" if _is_tuple(field.annotation) else ""
        if field.is_required() or many:
            yield key, Entry("required" if field.is_required() else "", "a list" if many else "a mapping")
        yield from _of_kinds({_kind(model): dict(_keys(model, f"{key}{many}.")) for model in below})


def _kind(model: type[BaseModel]) -> str:
    """What tells a model from others in its place: the one word that its `kind` may be. Empty where it is alone."""
    words = get_args(model.model_fields["kind"].annotation) if "kind" in model.model_fields else ()
    return str(words[0]) if words else ""


def _of_kinds(kinds: Mapping[str, Vocabulary]) -> Iterator[tuple[str, Entry]]:
    """The keys of several kinds together. A default that is not the same for all is said for each kind that has it."""
    for key in dict.fromkeys(key for known in kinds.values() for key in known):
        own = {kind: known[key] for kind, known in kinds.items() if key in known}
        takes = list(dict.fromkeys(part for e in own.values() for part in _alternatives(e.takes)))
        defaults = list(dict.fromkeys(e.default for e in own.values()))
        if len(own) == len(kinds) and len(defaults) == 1:
            said = defaults[0]
        else:
            said = "; ".join(f"`{kind}`: {e.default}" for kind, e in own.items())
        yield key, Entry(said, " or ".join(takes))


def _alternatives(takes: str) -> list[str]:
    return takes.split(" or ") if takes.startswith("`") else [takes]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for argument in get_args(annotation):
        yield from _models(argument)


def _is_tuple(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(get_origin(a) is tuple for a in get_args(annotation))


def _entry(field: FieldInfo) -> Entry:
    default = "required" if field.is_required() else show_default(field.get_default(call_default_factory=True))
    return Entry(default, _takes(field))


def show_default(value: Any) -> str:
    """A default as one would write it in YAML; "none" for nothing."""
    if value is None or value is PydanticUndefined or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(show_default, value)) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _takes(field: FieldInfo) -> str:
    return _bounded(type_in_words(field.annotation), field.metadata)


def _bounded(takes: str, rules: Iterable[Any]) -> str:
    return ", ".join([takes, *[bound for rule in rules if (bound := _bound(rule))]])


def _bound(rule: Any) -> str:
    signs = ((annotated_types.Ge, "≥", "ge"), (annotated_types.Gt, ">", "gt"), (annotated_types.Le, "≤", "le"))
    for kind, sign, name in (*signs, (annotated_types.Lt, "<", "lt")):
        if isinstance(rule, kind):
            return f"{sign} {getattr(rule, name):,.15g}"
    if isinstance(rule, StringConstraints):
        return _shape(rule)
    return f"at most {rule.max_length} characters" if isinstance(rule, annotated_types.MaxLen) else ""


def _shape(rule: StringConstraints) -> str:
    if rule.pattern is not None:  # a bar would end the table's cell for some readers: there the words have to do
        return "" if "|" in str(rule.pattern) else f"`{rule.pattern}`"
    return f"{rule.min_length or 0} to {rule.max_length} characters"


_PLAIN: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    dt.date: "day",
    dt.datetime: "time with its zone",
    AwareDatetime: "time with its zone",
    IPvAnyNetwork: "address or network",
}


def type_in_words(annotation: Any) -> str:
    """What a key takes, in words that a reader of no Python knows. Raises KeyError for a type that has none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{a}`" for a in arguments)
    if origin is dict:
        return "keys with their values"
    if origin in (tuple, list):
        return f"list of {type_in_words(arguments[0])}"
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return " or ".join("none" if a is type(None) else type_in_words(a) for a in arguments)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    if hasattr(annotation, "__metadata__"):
        return _bounded(type_in_words(annotation.__origin__), annotation.__metadata__)
    return _PLAIN[annotation]
