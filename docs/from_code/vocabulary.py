"""What the code says about itself, for the documentation and its test: the one place that knows where each list lives.

Whoever moves a vocabulary changes this module and nothing else of the documentation. Every function gives a mapping
from the name that users meet (a command, a key, a route, a code) to an `Entry`.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, get_args

import typer

from api.app import create_app
from api.auth import list_route_rights
from api.cli.commands import build
from api.cli.lazy import LazyCommand
from docs.from_code.events import example_events
from docs.from_code.keys import Entry, Vocabulary, show_default, type_in_words
from engine.config import Config
from engine.delivery.crm.reporting import crm_values
from engine.files import columns, expected, experiments, flows, labels, outcomes, points
from engine.loyalty.humans import Signal
from engine.loyalty.sharing import ShareOutcome
from engine.plan.features import FEATURE_TYPES
from engine.plan.header import _ANCHOR, _HEADER
from engine.plan.load import load_plan
from engine.plan.products import OPTIONAL, REQUIRED
from engine.positioning.locator import NoFix
from engine.presence.hotzones import HotReason, HotState
from engine.privacy.secrets import Secrets
from engine.runtime.process import EngineProcess
from engine.runtime.status import report
from engine.runtime.store_runner import StoreRunner
from engine.storage.database import open_database
from engine.storage.status import get_status
from engine.storage.upkeep.replica import ReplicatedReads
from engine.storage.vouchers.tills import TillReason
from engine.vocabulary import (
    CapportFlaw,
    DecisionOutcome,
    DecisionReason,
    DeliveryReason,
    DeliveryState,
    EarnWait,
    EventKind,
    FrameRefusal,
    LabelRefusal,
    LetOut,
    LinkFate,
    MessageReason,
    OfferReason,
    PointsState,
    PortalRefusal,
    ProblemCode,
    ReadingRefusal,
    RecordRefusal,
    ReviewVerdict,
    Right,
    StoreTrouble,
    VisitChange,
    VoucherState,
    WayOut,
)

ROOT = Path(__file__).parents[2]
ENVIRONMENT = re.compile(r"\bRAYON_[A-Z_]+\b")
"""How our variables of the environment are spelt."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, its help, and its parameters: `(spelling, entry)` each, arguments first."""

    help: str
    parameters: tuple[tuple[str, Entry], ...]


# ---- commands


@cache
def command_line() -> Any:
    """The command line with all its commands: a group as click has them (typer may bring a click of its own)."""
    return typer.main.get_command(build())


@cache
def commands() -> Mapping[str, Command]:
    """Every command that does something, by its full name: `plan check`."""
    return dict(_commands(command_line(), ()))


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Command]]:
    if isinstance(command, LazyCommand):
        command = command.load()
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from _commands(command.get_command(None, name), (*path, name))
        return
    parameters = tuple((_spelling(p), _parameter(p)) for p in command.params if not getattr(p, "hidden", False))
    yield " ".join(path), Command((command.help or "").strip(), parameters)


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name).upper()
    return ", ".join([*parameter.opts, *parameter.secondary_opts])


def _parameter(parameter: Any) -> Entry:
    default = "required" if parameter.required else "" if parameter.default in (None, False) else str(parameter.default)
    takes = "" if getattr(parameter, "is_flag", False) else type_in_words(parameter.type_descriptor.annotation)
    return Entry(default, takes, getattr(parameter, "help", None) or "")


# ---- floor plans and tables


@cache
def plan_properties() -> Vocabulary:
    """Every member of a plan that is ours: of `rayon`, and of each feature type's properties."""
    found = {"rayon": Entry()}
    found |= {
        f"rayon.{key}": Entry("required" if f.required else show_default(f.default)) for key, f in _HEADER.items()
    }
    found |= {f"rayon.anchor.{key}": Entry("required") for key in _ANCHOR}
    for kind, feature in FEATURE_TYPES.items():
        found[kind] = Entry(takes=" or ".join(feature.shapes))
        for key, f in feature.fields.items():
            found[f"{kind}.{key}"] = Entry("required" if f.required else show_default(f.default))
    return found


@cache
def product_columns() -> Vocabulary:
    """The columns of products.csv."""
    return {name: Entry("required") for name in REQUIRED} | {name: Entry("") for name in OPTIONAL}


TABLES: Mapping[str, tuple[columns.Column, ...]] = {
    "readings": columns.READINGS,
    "survey": columns.SURVEY,
    "truth": columns.TRUTH,
    "fixes": columns.FIXES,
    "sessions": outcomes.SESSIONS,
    "labels": labels.LABELS,
    "receipts": labels.RECEIPTS,
    "decisions": outcomes.DECISIONS,
    "visits": outcomes.VISITS,
    "hours": outcomes.HOURS,
    "flows": flows.FLOWS,
    "expected": expected.EXPECTED,
    "coupons": outcomes.COUPONS,
    "experiments": experiments.EXPERIMENTS,
    "potential_outcomes": experiments.POTENTIAL,
    "points": points.POINTS,
    "events": points.EVENTS,
}


@cache
def table_columns() -> Vocabulary:
    """The columns of the offline tables, as `table.column`."""
    return {
        f"{table}.{c.name}": Entry("required" if c.required else "", "number" if c.number else "text")
        for table, listed in TABLES.items()
        for c in listed
    }


# ---- HTTP and metrics


@cache
def openapi() -> Mapping[str, Any]:
    """The OpenAPI description of the HTTP side."""
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(f"sqlite:///{folder}/rayon.db")
        try:
            return create_app(Config(), db, _SECRETS, {}, start_delivery=False).openapi()
        finally:
            db.close()


_SECRETS = Secrets(b"documentation-site-key-0123456789", "documentation", "documentation")


@cache
def routes() -> Vocabulary:
    """Every route, as `GET /v1/me`; `takes` is its tag, `note` its summary. `/manage` is a program of its own."""
    found = {
        f"{method.upper()} {path}": Entry(takes=", ".join(operation["tags"]), note=operation.get("summary", ""))
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
    }
    return found | {
        "GET /manage": Entry(takes="pages", note="The managers' pages"),
        "GET /openapi.json": Entry(takes="pages", note="This interface, for programs"),
        "GET /docs": Entry(takes="pages", note="This interface, for people"),
    }


@cache
def rights() -> Mapping[Right, tuple[str, ...]]:
    """What each right opens, as `GET /v1/stores`. A route that needs two is under both."""
    with tempfile.TemporaryDirectory() as folder:
        db = open_database(f"sqlite:///{folder}/rayon.db")
        try:
            found = list_route_rights(create_app(Config(), db, _SECRETS, {}, start_delivery=False))
        finally:
            db.close()
    return {right: tuple(route for route, needed in found.items() if right in needed) for right in Right}


_NO_METRICS = ("samples", "unknown_aps", "sources", "points", "promises", "interchanged_aps")
"""Texts, and figures of figures."""


@cache
def metrics() -> Vocabulary:
    """Every metric by the name that Prometheus sees; `takes` is its labels."""
    from api.context import AppContext
    from api.middleware.metrics import Metrics

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/rayon.db"
        db = open_database(url)
        replica = ReplicatedReads(db, url)
        try:
            config = Config.model_validate({"storage": {"data_dir": folder}, "cluster": {}})
            own = _own_metrics(Metrics(AppContext(config, db, _SECRETS, {}, replica=replica)))
            plan = load_plan(ROOT / "floorplans/boutique")
            engine = EngineProcess(config, db, _SECRETS, {plan.store: plan})
            report(db, [StoreRunner(plan, config, db, _SECRETS.site_key)], 0.0, engine.figures())
            said = get_status(db)
        finally:
            replica.close()
            db.close()
    figures = {key: value for row in said for key, value in row.values.items() if key not in _NO_METRICS}
    labelled = {f"rayon_engine_{key}": Entry(takes=_labels(value)) for key, value in figures.items()}
    files = {f"rayon_crm_{key}": Entry(takes="store, reason") for key in crm_values([], 0.0) if key != "trouble"}
    return own | files | labelled | {"rayon_engine_reported_at_seconds": Entry(takes="store, reason")}


def _own_metrics(made: Any) -> dict[str, Entry]:
    names = {name: Entry() for name in ("rayon_database_up",)}
    for family in made.registry.collect():
        collector = made.registry._names_to_collectors.get(family.name)
        total = f"{family.name}_total" if family.type == "counter" else family.name
        labels = getattr(collector or family, "_labelnames", ())
        names[total] = Entry(takes=", ".join(labels), note=family.documentation)
    return names


def _labels(value: Any) -> str:
    return "store, reason" if isinstance(value, Mapping) else "store"


# ---- topics and events


@cache
def topics() -> Vocabulary:
    """Every MQTT topic of our own."""
    own = {
        f"rayon/{{store}}/{kind}/{{source}}": Entry(takes="in")
        for kind in ("readings", "replay", "sessions", "labels", "in")
    }
    return own | {f"rayon/{{store}}/events/{kind}": Entry(takes="out") for kind in get_args(EventKind)}


_CLOSED: Mapping[str, type[StrEnum]] = {
    "visit.event": VisitChange,
    "decision.outcome": DecisionOutcome,
    "voucher.state": VoucherState,
}


@cache
def events() -> Vocabulary:
    """What is in the data of every event, as `kind.key`."""
    found = {}
    for event in example_events():
        kind = event.topic.rsplit("/", 1)[1]
        for key, value in json.loads(event.payload)["data"].items():
            name = f"{kind}.{key}"
            found[name] = Entry(takes=type_in_words(_CLOSED[name] if name in _CLOSED else type(value)))
    return found


# ---- reasons


REASONS: Mapping[str, tuple[type[StrEnum], ...]] = {
    "decision": (DecisionReason,),
    "frame": (FrameRefusal,),
    "reading": (ReadingRefusal,),
    "record": (RecordRefusal,),
    "label": (LabelRefusal,),
    "portal": (PortalRefusal,),
    "way_out": (WayOut,),
    "let_out": (LetOut,),
    "capport": (CapportFlaw,),
    "scan": (NoFix,),
    "trouble": (StoreTrouble,),
    "till": (TillReason,),
    "voucher": (VoucherState,),
    "delivery_state": (DeliveryState,),
    "delivery": (DeliveryReason,),
    "message": (MessageReason,),
    "offer": (OfferReason,),
    "share": (ShareOutcome,),
    "signal": (Signal,),
    "points": (PointsState,),
    "link": (LinkFate,),
    "earn_wait": (EarnWait,),
    "review": (ReviewVerdict,),
    "hot": (HotState, HotReason),
    "problem": (ProblemCode,),
}


@cache
def reasons() -> Mapping[str, Vocabulary]:
    """Every stable code, by where it is met."""
    return {where: {str(code): Entry() for kind in kinds for code in kind} for where, kinds in REASONS.items()}
