"""Is it alive, is it ready, and what does it see: for machines, and as a page for people."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from api.auth import may_have, needs
from api.context import AppContext, context
from api.health.counted import count_lines
from api.keyring import Grant
from api.middleware.metrics import OF_ACCESS_POINTS, Metrics
from api.middleware.turned_away import Turned, TurnedAway
from api.pages import page
from api.portal.counts import COMPONENT as PORTAL
from api.texts.catalogue import words
from api.texts.language import Language, language
from api.times import rfc3339
from engine.errors import StorageUnavailable
from engine.masks import mask_macs
from engine.privacy.k_anonymity import whole_ks
from engine.storage.status import ALERTS, CRM, ENGINE, EVERY_STORE, LEDGER, Status, get_status, is_silent, troubles_of
from engine.vocabulary import Right, StoreTrouble

router = APIRouter(prefix="/health", tags=["health"])
metrics_router = APIRouter(tags=["health"])
RECEIVERS = "receivers"
_ELSEWHERE = ("unknown_aps", "points")
"""Of an engine's values those that are told to some alone, or elsewhere in the grain of its people."""


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(BaseModel):
    """Whether requests can be served now. `engine` is `absent` where none has ever reported: nobody is located yet."""

    status: Literal["ready", "not_ready"]
    database: Literal["up", "down"]
    engine: Literal["fresh", "stale", "absent", "unknown"]
    delivery: Literal["running", "elsewhere", "dead"] = Field(description="Of this process: page hub and housekeeping.")
    reasons: list[str] = Field(default=[], description="Why not, as sentences for people.")


class Component(BaseModel):
    """What one part says of itself. `store` is `*` for what belongs to no store."""

    store: str
    component: str
    reported_at: str
    age_s: float
    fresh: bool = Field(description="It spoke lately; a captive portal, which speaks when phones come: it works.")
    values: dict[str, Any] = Field(description="Counts by name; nested ones by reason.")


class UpOrNot(BaseModel):
    """What everybody may know."""

    status: Literal["ready", "not_ready"]


class Health(BaseModel):
    """Everything that runs, and what it counted."""

    status: Literal["ready", "not_ready"]
    database: Literal["up", "down"]
    engine: Literal["fresh", "stale", "absent", "unknown"]
    delivery: Literal["running", "elsewhere", "dead"]
    reasons: list[str]
    open_pages: int = Field(description="In steps of `privacy.k`.")
    components: list[Component]


@router.get("/live", summary="Is the process alive?")
async def live() -> Live:
    """In the loop itself: threads may all be waiting for a database that hangs."""
    return Live()


@router.get("/ready", summary="Can it serve?", responses={503: {"model": Ready}})
def ready(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """200 when the database answers, the engine, if one has ever reported, did so within the last 8 s and hears its
    broker and most of every store's readings, delivery runs, and the engine of this very process, if it has one, does
    all its work."""
    found, _ = _look(ctx, request, None)
    return JSONResponse(found.model_dump(), 200 if found.status == "ready" else 503)


@router.get("", summary="Counters per store and reason", responses={200: {"model": Health | UpOrNot}})
def health(
    request: Request, ctx: AppContext = Depends(context), grant: Grant | None = Depends(may_have(Right.SEE_HEALTH))
) -> Response:
    """JSON, or a page where the caller prefers HTML. Whether it is up is for everybody; counts and samples of refused
    frames need a key of scope `health` or `manager`, or a manager's cookie. Access points that no plan has are named to
    managers of their store; to others their names are masked where they are MACs."""
    html = "text/html" in request.headers.get("accept", "")
    lang: Language = language(request) if html else "en"
    found, components = _look(ctx, request, grant, lang)
    if grant is None:
        if not html:
            return JSONResponse({"status": found.status})
        return page(request, "health.html", health=found, open_pages=None, counts=[])
    whole = Health(**found.model_dump(), open_pages=_open_pages(request, ctx), components=components)
    if not html:
        return JSONResponse(whole.model_dump())
    of_the_log = [*request.app.state.own_engine(), *_unsteady(c.values for c in components)]
    counts = [(c, list(count_lines(c.values, lang, _own_points(ctx, c.store)))) for c in components]
    names = {plan.store: plan.name for plan in ctx.plans.values()}
    return page(
        request,
        "health.html",
        health=whole,
        open_pages=whole.open_pages,
        counts=counts,
        store_names=names,
        of_the_log=[mask_macs(reason) for reason in of_the_log],
    )


@metrics_router.get("/metrics", summary="Metrics for Prometheus", response_class=Response)
def scrape(
    request: Request,
    ctx: AppContext = Depends(context),
    _grant: Grant = Depends(needs(Right.SEE_HEALTH, everywhere=True)),
) -> Response:
    """HTTP requests, live pages, and the engine's counts per store and reason. Needs a key of the whole site."""
    metrics: Metrics = request.app.state.metrics
    metrics.pages.set(_open_pages(request, ctx))
    return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _open_pages(request: Request, ctx: AppContext) -> int:
    """How many shoppers look at their page now, in steps of k: one more is somebody."""
    return whole_ks(request.app.state.hub.open_pages, ctx.config.privacy.k)


def _look(
    ctx: AppContext, request: Request, grant: Grant | None, lang: Language = "en"
) -> tuple[Ready, list[Component]]:
    """How the site is, and the parts that the caller may see. Programs get reasons in English, as the log has them; so
    does a page those that only the log has."""
    delivery = _delivery(request)
    try:
        rows, newer = [row for row in get_status(ctx.db) if row.component != ALERTS], ctx.db.newer()
    except StorageUnavailable:
        reasons: list[str] = [_sentence(ctx, EVERY_STORE, StoreTrouble.DATABASE_AWAY, lang)]
        return Ready(status="not_ready", database="down", engine="unknown", delivery=delivery, reasons=reasons), []
    now = time.time()
    unknown = _unknown_points(rows)
    components = [
        Component(
            store=row.store,
            component=row.component,
            reported_at=rfc3339(row.at),
            age_s=round(now - row.at, 1),
            fresh=_is_well(row, now),
            values=_values(row, unknown.get(row.store, []), grant, _own_points(ctx, row.store)),
        )
        for row in rows
    ]
    components += _receivers(ctx, request.app.state.turned_away, now)
    engines = [c.fresh for c in components if c.component == ENGINE]
    engine: Literal["fresh", "stale", "absent"] = "absent" if not engines else "fresh" if all(engines) else "stale"
    troubles = troubles_of(rows, now)
    said = [_sentence(ctx, store, trouble, lang) for store, found in troubles.items() for trouble in found]
    if newer is not None and not newer.goes_on:
        said.insert(0, _sentence(ctx, EVERY_STORE, StoreTrouble.DATABASE_NEWER, lang))
    t, of_ours = words(lang), request.app.state.own_engine()
    reasons = list(dict.fromkeys([*of_ours, *_unsteady(row.values for row in rows), *said]))
    failed = delivery == "dead" or bool(reasons)
    # Whoever serves can go on serving: somebody has to start an engine, or to look at the books.
    reasons += [t.health.no_engine] if not engines and not of_ours else []
    reasons += [t.health.database_ahead] if newer is not None and newer.goes_on else []
    reasons += [t.health.ledger_wrong for row in rows if row.component == LEDGER and not _is_well(row, now)]
    reasons += [said for row in rows if row.component == CRM for said in _of_customer_files(row.values, lang)]
    status: Literal["ready", "not_ready"] = "not_ready" if failed else "ready"
    seen = [
        c for c in components if grant is not None and grant.may(Right.SEE_HEALTH, None if c.store == "*" else c.store)
    ]
    reasons = [mask_macs(reason) for reason in reasons]
    return Ready(status=status, database="up", engine=engine, delivery=delivery, reasons=reasons), seen


def _is_well(row: Status, now: float) -> bool:
    """Whether a part works: an engine speaks every few seconds, a captive portal when phones come, and the ledger is
    proved once a night."""
    if row.component == PORTAL:
        return not row.values.get("failing")
    if row.component == LEDGER:
        return not row.values.get("ledger_faults")
    if row.component == CRM:
        return not _of_customer_files(row.values)
    return not is_silent(row, now)


def _of_customer_files(values: Mapping[str, Any], lang: Language = "en") -> list[str]:
    """What is wrong with those that are told of shoppers: whoever serves goes on serving."""
    t = words(lang)
    deaf, why, dead = (values.get(key, {}) for key in ("deaf_s", "trouble", "dead"))
    said = []
    for name, age_s in sorted(deaf.items()):
        trouble = t.crm_troubles[why[name]] if name in why else t.health.crm_slow
        said.append(t.health.crm_deaf.format(name=name, minutes=int(age_s // 60), why=trouble))
    said += [t.health.crm_dead.format(name=name, n=n) for name, n in sorted(dead.items()) if n]
    return said


def _receivers(ctx: AppContext, turned: TurnedAway, now: float) -> Iterator[Component]:
    """What this process turned away, in the first store of each source."""
    by_store: dict[str, dict[str, Turned]] = {}
    for name, of_source in turned.by_source().items():
        source = ctx.sources.find(name)
        if source is not None:
            by_store.setdefault(source.stores[0], {})[name] = of_source
    for store, sources in by_store.items():
        at = max(one.newest_at for one in sources.values())
        yield Component(
            store=store,
            component=RECEIVERS,
            reported_at=rfc3339(at),
            age_s=round(now - at, 1),
            fresh=True,
            values=_mask({name: dict(one.counts) for name, one in sources.items()}),
        )


def _unknown_points(rows: Iterable[Status]) -> dict[str, list[str]]:
    """Access points that sources name and no plan has, by store."""
    return {store: names for row in rows for store, names in row.values.get("unknown_aps", {}).items()}


def _own_points(ctx: AppContext, store: str) -> frozenset[str]:
    """The ids of the access points in a store's plan: MACs often, of the shop's own and of nobody's phone."""
    return ctx.plans[store].access_point_ids if store in ctx.plans else frozenset()


def _values(row: Status, unknown: list[str], grant: Grant | None, ours: frozenset[str]) -> dict[str, Any]:
    """What is said of a row. Access points that are `ours`, by their ids in the plan, are named to everybody. Its
    store's unknown access points are named to who manages the store, and to nobody else: a source that takes one for
    the other may have named a phone."""
    said: dict[str, Any] = _mask({key: value for key, value in row.values.items() if key not in _ELSEWHERE})
    for key in OF_ACCESS_POINTS & row.values.keys():
        said[key] = {ap if ap in ours else mask_macs(ap): value for ap, value in row.values[key].items()}
    if unknown and row.component == ENGINE:
        manages = grant is not None and grant.may(Right.SEE_RADIO, row.store)
        said["unknown_aps"] = unknown if manages else _mask(unknown)
    return said


def _mask(values: Any) -> Any:
    """The same, without the MAC that a source may be named by."""
    if isinstance(values, dict):
        return {mask_macs(k): _mask(v) for k, v in values.items()}
    if isinstance(values, list):
        return [_mask(v) for v in values]
    return mask_macs(values) if isinstance(values, str) else values


def _unsteady(said: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of engines whose connection to the broker comes and goes: why."""
    return [broker["unsteady"] for broker in (values.get("broker", {}) for values in said) if broker.get("unsteady")]


def _sentence(ctx: AppContext, store: str, trouble: StoreTrouble, lang: Language) -> str:
    """The store first where it is one's trouble: by its id in English, as in the log, else by its name."""
    said = words(lang).troubles[trouble]
    if store == EVERY_STORE:
        return said
    return f"{store}: {said}" if lang == "en" else f"{ctx.plans[store].name if store in ctx.plans else store} : {said}"


def _delivery(request: Request) -> Literal["running", "elsewhere", "dead"]:
    tasks = request.app.state.delivery
    if not tasks:
        return "elsewhere"
    return "dead" if any(task.done() for task in tasks) else "running"
