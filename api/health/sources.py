"""Sources and access points of a store, for whoever looks after its network: what comes, how old, what is refused."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import needs_or_nobody
from api.context import AppContext, context
from api.health.labels import LabelsOut, labels_of, streams_of
from api.keyring import Grant
from api.manager_login import ask_to_sign_in
from api.middleware.turned_away import Turned, TurnedAway
from api.pages import page
from engine.masks import mask_macs
from engine.plan.drawing.draw import draw_svg
from engine.plan.model import AccessPoint, Plan
from engine.storage.commerce.events import heard_events
from engine.storage.programme.waiting import SourceWaits, source_waits
from engine.storage.status import ENGINE, EVERY_STORE, get_status
from engine.vocabulary import NO_LOSS, LabelRefusal, ReadingRefusal, RecordRefusal, Right, SourceState

router = APIRouter(prefix="/health", tags=["health"])
LIVE_S = 60.0
"""Unheard for longer than this and twice its delay, a source is silent; an access point that nobody was heard by for
SILENT_POINT_S is dead, or stands in an empty corner."""
SILENT_POINT_S = 300.0
CLOCK_S = 2.0
CEILING_M = 2.6  # where one hangs of which nobody knows
_CODES = frozenset([*ReadingRefusal, *RecordRefusal, *LabelRefusal])


class SourceHealth(BaseModel):
    """One source. `age_s` is since the engine heard anything of it; `newest_age_s` how old its newest reading is,
    by its clock as it is corrected."""

    name: str
    kind: str
    state: SourceState
    age_s: float | None
    newest_age_s: float | None
    rate_per_min: float | None = Field(description="Readings and positions, of the last whole minute.")
    messages: int
    readings: int
    positions: int
    sessions: int
    clock_offset_s: float | None = Field(description="By how much its clock is corrected.")
    refused: dict[str, int] = Field(description="By the engine: readings, positions and whole messages, by reason.")
    turned_away: dict[str, int] = Field(
        description="Messages to POST /in/NAME that were answered with an error, by reason; of this process."
    )
    held: int = Field(0, description="Messages of a shop system that wait, sealed, until they can be used.")
    waits: dict[str, int] = Field(
        default_factory=dict, description="Its purchases and returns that are kept and wait for the ledger, by reason."
    )
    unknown_products: list[str] = Field(
        default_factory=list, description="Of its newest sales, orders and baskets: what its catalogue does not have."
    )
    problem: str = Field(description="Why a source that is asked gives nothing; empty where it does.")


class Seems(BaseModel):
    """Where an access point seems to hang, by how strong it hears phones that stand still; known to `sigma_m` (radial
    standard deviation). `off_m` from the plan's place; `moved` where that is more than the evidence allows."""

    level: str
    x_m: float
    y_m: float
    sigma_m: float
    off_m: float
    moved: bool


class UnknownPoint(BaseModel):
    """One that sources name and no plan has. `mean_dbm`: how strong it hears phones that stand still; `feature` is for
    `plan.geojson`, to be looked at before it is used: its height is a guess."""

    name: str
    mean_dbm: float | None
    seems: Seems | None
    feature: dict[str, Any] | None


class PointHealth(BaseModel):
    """One access point of the plan. `heard_age_s` null: nothing since the engine started. `seems` null: too few phones
    stood still within its reach since then. While fewer than k people are in the store, what an access point hears says
    where one of them is: it is told as of the last multiple of `privacy.block_s`, and no rate."""

    id: str
    name: str
    level: str
    alive: bool
    heard_age_s: float | None
    per_min: int | None
    seems: Seems | None
    contradicts: float | None = Field(
        description="The share of the phones hearing it that find it contradicts the others, from 0.5 on; else null."
    )
    misplaced: float | None = Field(
        description="How likely it hangs elsewhere than the plan says, by what access points hear of each other, from "
        "0.95 on; 0.98 by what phones are heard at; else null. It is left aside then."
    )
    interchanged_with: str | None = Field(description="The id of the one whose place it seems to have then.")
    stuck: float | None = Field(
        description="The level, dBm, that it says of nearly whatever it hears, which is left aside; else null."
    )
    mute: bool = Field(description="Whether it reports one level of all other access points, which measures none.")


class StoreSources(BaseModel):
    """What comes into a store."""

    store: str
    engine_age_s: float | None
    range_unit: str = Field(
        "", description="The unit that ranges fit instead of metres, for which they are left aside; else empty."
    )
    late: int = Field(description="Readings and positions of this store that came too late to be used, of all sources.")
    sources: list[SourceHealth]
    grain_s: float = Field(description="Access points are told as of the last multiple of so many seconds; 0: of now.")
    access_points: list[PointHealth]
    unknown_access_points: list[str] = Field(description="Named by sources, and by no plan.")
    unknown_places: list[UnknownPoint] = Field(description="The same with what they hear; to managers only.")
    labels: LabelsOut = Field(description="What labels came to; campaigns are named to managers only.")


@router.get("/sources/{store}", summary="Sources and access points of a store", response_model=StoreSources)
def sources_page(
    store: str,
    request: Request,
    ctx: AppContext = Depends(context),
    grant: Grant | None = Depends(needs_or_nobody(Right.SEE_HEALTH)),
) -> Response:
    """JSON, or a page where the caller prefers HTML, which asks to sign in. Needs the right to see the store's health;
    names of access points that no plan has, and of campaigns, are for those who may see its radio."""
    if grant is None:
        return ask_to_sign_in(request, Right.SEE_HEALTH)
    plan = ctx.plan(store)
    turned: TurnedAway = request.app.state.turned_away
    found = _look(ctx, plan, time.time(), turned, manages=grant.may(Right.SEE_RADIO, store))
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(found.model_dump(mode="json"))
    dead = {point.id for point in found.access_points if not point.alive}
    drawings = [
        draw_svg(plan, level=level.id, layers=[_marks(plan, level.id, dead)], width_px=900, signs=False)
        for level in plan.levels
    ]
    silent_s = SILENT_POINT_S + found.grain_s
    k = ctx.config.privacy.k
    limits: dict[str, Any] = {"k": k, "clock_s": CLOCK_S, "live_s": LIVE_S, "silent_point_min": silent_s / 60}
    return page(request, "sources.html", found=found, plan=plan, drawings=drawings, shops=ctx.shops, **limits)


def _look(ctx: AppContext, plan: Plan, now: float, turned: TurnedAway, *, manages: bool) -> StoreSources:
    reported = get_status(ctx.db)
    rows = {row.store: row for row in reported if row.component == ENGINE}
    own, whole = rows.get(plan.store), rows.get(EVERY_STORE)
    said = whole.values if whole is not None else {}
    offsets = own.values.get("clock_offsets_s", {}) if own is not None else {}
    points = own.values.get("points", {}) if own is not None else {}
    unknown = said.get("unknown_aps", {}).get(plan.store, [])
    values, age_s = ({}, None) if own is None else (own.values, round(now - own.at, 1))
    grain_s = 0.0 if values.get("devices", 0) >= ctx.config.privacy.k else ctx.config.privacy.block_s
    heard = streams_of(reported, plan.store)
    taught = labels_of(plan, values if manages else {**values, "promises": {}}, age_s, heard)
    return StoreSources(
        store=plan.store,
        engine_age_s=age_s,
        labels=taught,
        range_unit=next(iter(values.get("range_units", {})), ""),
        late=0 if own is None else int(own.values.get("late", 0)),
        sources=[
            *_sources(said.get("sources", {}), plan.store, offsets, now, ctx, turned),
            *_shops(plan.store, now, ctx, turned),
        ],
        grain_s=grain_s,
        access_points=list(_points(plan, points, values, now, grain_s)),
        unknown_access_points=list(unknown) if manages else [mask_macs(name) for name in unknown],
        unknown_places=list(_unknown_places(unknown, points)) if manages else [],
    )


def _sources(
    said: Mapping[str, Any], store: str, offsets: Mapping[str, float], now: float, ctx: AppContext, turned: TurnedAway
) -> Iterator[SourceHealth]:
    for key, f in sorted(said.items()):
        if store not in f["stores"]:
            continue
        name: str = f.get("name", key)  # an engine of before has one of each name
        declared = ctx.sources.find(name)
        age_s = now - f["heard_at"] if f["heard_at"] else None
        # A clock that is ahead has said nothing newer than its receipt; one that is behind is put right as all it says.
        newest_t = min(f["newest_t"] + max(offsets.get(name, 0.0), 0.0), f["heard_at"])
        yield SourceHealth(
            name=mask_macs(name),
            kind=f["kind"],
            state=_state(f, age_s, declared.delay_s if declared else 0.0, turned.of(name)),
            age_s=age_s,
            newest_age_s=max(now - newest_t, 0.0) if f["newest_t"] else None,
            rate_per_min=f["rate_per_min"],
            messages=f["messages"],
            readings=f["readings"],
            positions=f["positions"],
            sessions=f["sessions"],
            clock_offset_s=offsets.get(name),
            problem=mask_macs(f.get("problem", "")),
            refused={code: n for code, n in f["refused"].items() if code in _CODES},
            turned_away=dict(turned.of(name).counts),
        )


def _shops(store: str, now: float, ctx: AppContext, turned: TurnedAway) -> Iterator[SourceHealth]:
    """Shop systems of a store, which speak when somebody buys: none is silent for having sold nothing."""
    waiting = source_waits(ctx.db)
    for name, shop in sorted(ctx.shops.items()):
        if store not in shop.stores:
            continue
        kept, heard_at = heard_events(ctx.db, name)
        waits, away = waiting.get(name, SourceWaits()), turned.of(name)
        state = SourceState.NEVER if heard_at is None else SourceState.LIVE
        if away.wrong_at > (heard_at or 0.0):
            state = SourceState.REFUSED
        yield SourceHealth(
            name=name,
            kind=shop.kind,
            state=state,
            age_s=None if heard_at is None else max(now - heard_at, 0.0),
            newest_age_s=None,
            rate_per_min=None,
            messages=kept,
            readings=0,
            positions=0,
            sessions=0,
            clock_offset_s=None,
            refused={code: n for code, n in waits.held.items() if code in _CODES},
            turned_away=dict(away.counts),
            held=sum(waits.held.values()),
            waits=dict(waits.events),
            unknown_products=list(waits.products),
            problem="",
        )


def _state(figures: Mapping[str, Any], age_s: float | None, delay_s: float, turned: Turned) -> SourceState:
    if figures.get("problem"):
        return SourceState.SILENT
    if age_s is None or age_s > LIVE_S + 2 * delay_s:
        if turned.wrong_at > figures["heard_at"]:  # it speaks, and is not let in
            return SourceState.REFUSED
        return SourceState.NEVER if age_s is None else SourceState.SILENT
    lost = sum(n for code, n in figures["refused"].items() if code not in NO_LOSS)
    used = figures["readings"] + figures["positions"] + figures["sessions"]
    return SourceState.REFUSED if lost > used else SourceState.LIVE


def _unknown_places(names: Iterable[str], points: Mapping[str, Any]) -> Iterator[UnknownPoint]:
    for name in names:
        heard = points.get("unknown", {}).get(name, {})
        seems = _seems(heard.get("seems"))
        feature = None if seems is None else _feature(name, seems)
        yield UnknownPoint(name=name, mean_dbm=heard.get("mean_dbm"), seems=seems, feature=feature)


def _seems(said: Sequence[Any] | None) -> Seems | None:
    return None if said is None else Seems(**dict(zip(Seems.model_fields, said, strict=True)))


def _feature(name: str, seems: Seems) -> dict[str, Any]:
    """What the floor plan would say of it."""
    said = {"feature_type": "access_point", "id": name, "level": seems.level, "z_m": CEILING_M}
    place = {"type": "Point", "coordinates": [seems.x_m, seems.y_m]}
    return {"type": "Feature", "geometry": place, "properties": said}


def _points(
    plan: Plan, said: Mapping[str, Any], values: Mapping[str, Any], now: float, grain_s: float
) -> Iterator[PointHealth]:
    """`values` are the engine's, with what is wrong with access points by their ids. With a grain, what is heard of so
    few that it says where one of them is: nothing finer than that."""
    n = len(plan.access_points)
    heard_at = said.get("heard_at") or [0.0] * n
    per_min = said.get("per_min") or [None] * n
    seem = said.get("seem") or [None] * n
    if not len(heard_at) == len(per_min) == len(seem) == n:  # the engine runs another plan still
        heard_at, per_min, seem = [0.0] * n, [None] * n, [None] * n
    for point, at, rate, place in zip(plan.access_points, heard_at, per_min, seem, strict=True):
        told_at = at // grain_s * grain_s if grain_s else at
        age_s = now - told_at if at else None
        alive = age_s is not None and age_s <= SILENT_POINT_S + grain_s
        yield PointHealth(
            id=point.id,
            name=point.name or point.id,
            level=point.level,
            alive=alive,
            heard_age_s=age_s,
            per_min=None if grain_s else rate,
            seems=_seems(place),
            contradicts=values.get("contradicting_aps", {}).get(point.id),
            misplaced=values.get("misplaced_aps", {}).get(point.id),
            interchanged_with=values.get("interchanged_aps", {}).get(point.id),
            stuck=values.get("stuck_aps", {}).get(point.id),
            mute=point.id in values.get("mute_aps", {}),
        )


def _marks(plan: Plan, level: str, dead: set[str]) -> str:
    """A ring about each access point: green where it is heard from, red and crossed where it is not."""
    here = [point for point in plan.access_points if point.level == level]
    return f'<g class="points" fill="none">{"".join(_mark(point, point.id in dead) for point in here)}</g>'


def _mark(point: AccessPoint, dead: bool) -> str:
    colour, r = ("#c2271c", 0.9) if dead else ("#1d7f53", 0.7)
    ring = f'<circle cx="{point.x_m:.2f}" cy="{point.y_m:.2f}" r="{r}" stroke="{colour}" stroke-width="0.12"/>'
    if not dead:
        return ring
    k = r * 0.7
    x, y = point.x_m, point.y_m
    cross = f"M{x - k:.2f} {y - k:.2f}l{2 * k:.2f} {2 * k:.2f}M{x - k:.2f} {y + k:.2f}l{2 * k:.2f} {-2 * k:.2f}"
    return f'{ring}<path d="{cross}" stroke="{colour}" stroke-width="0.25"/>'
