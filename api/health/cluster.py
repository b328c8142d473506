"""The shards and nodes of a cluster, for whoever runs the machines: how each is, what is wrong, and what mends it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import needs_or_nobody
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import ask_to_sign_in
from api.pages import page
from engine.config import Config
from engine.storage.shards.nodes import NodeSeen, read_head, read_nodes
from engine.storage.shards.shards import ShardSeen, read_shards
from engine.storage.shards.standing import (
    NodeStanding,
    ShardStanding,
    has_lost_session_lately,
    node_standing,
    shard_standing,
    versions_at_work,
    without_plan,
    without_shard,
)
from engine.vocabulary import Right

router = APIRouter(prefix="/health", tags=["health"])
GONE_S = 10.0


class NodeHealth(BaseModel):
    """One machine."""

    node: str
    standing: NodeStanding
    heard_age_s: float
    cpus: int
    clock_off_s: float = Field(description="By how much its clock is apart from the database's.")
    disk_free_mib: float
    plans: int = Field(description="Stores whose floor plan it has.")
    version: str


class ShardHealth(BaseModel):
    """One process with its stores."""

    shard: int
    node: str
    standing: ShardStanding
    reason: str = Field(
        description="What it says of it itself, in English, as its log has it; empty where all is well."
    )
    without_plan: list[str] = Field(description="Its stores whose floor plan its machine has not.")
    stores: list[str]
    moving: dict[str, int] = Field(description="Stores that go to another shard, and to which.")
    lag_s: float = Field(description="How old the oldest message is that is not acknowledged.")
    epoch: int = Field(description="Which life of the shard it is.")
    memory_mib: float
    busy_share: float = Field(description="Of one core.")
    version: str
    heard_age_s: float
    sessions_lost: int = Field(description="How often its broker had forgotten its session, with what waited there.")
    session_lost_age_s: float | None = Field(description="How long ago the last time was.")
    lost_lately: bool = Field(description="Whether that was within a day.")


class ClusterHealth(BaseModel):
    """Everything of it. `configured`: whether the site is to be a cluster at all."""

    configured: bool
    head: str | None
    nodes: list[NodeHealth]
    shards: list[ShardHealth]
    without_shard: list[str] = Field(description="Stores that no shard runs.")
    versions: list[str] = Field(description="Of machines that live and shards that speak: several in an upgrade.")


@router.get("/cluster", summary="Shards and nodes of a cluster", response_model=ClusterHealth)
def cluster_page(
    request: Request,
    ctx: AppContext = Depends(context),
    grant: Grant | None = Depends(needs_or_nobody(Right.SEE_HEALTH, everywhere=True)),
) -> Response:
    """JSON, or a page where the caller prefers HTML, which asks to sign in: each shard with its stores, node, lag,
    epoch, memory, lost sessions and version; stores without a shard, versions side by side; and what to do where
    something is not well. Needs the right to see the health of every store. Without a cluster it says so.
    """
    if grant is None:
        return ask_to_sign_in(request, Right.SEE_HEALTH)
    found = _look(ctx.config, ctx)
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(found.model_dump(mode="json"))
    well: dict[str, Any] = {"well": {NodeStanding.WELL, NodeStanding.DRAINED, ShardStanding.WORKING}}
    return page(request, "cluster.html", found=found, **well)


def _look(config: Config, ctx: AppContext) -> ClusterHealth:
    head, nodes, shards = read_head(ctx.db), read_nodes(ctx.db).values(), read_shards(ctx.db).values()
    configured = config.cluster is not None
    gone_s = GONE_S if config.cluster is None else config.cluster.node_gone_s
    return ClusterHealth(
        configured=configured,
        head=None if head is None else head.node,
        nodes=[_node(node, gone_s) for node in nodes],
        shards=[_shard(shard, config.storage.checkpoint_s, nodes) for shard in shards],
        without_shard=without_shard(nodes, shards, ctx.plans) if configured or shards else [],
        versions=versions_at_work(nodes, shards, gone_s),
    )


def _node(seen: NodeSeen, gone_s: float) -> NodeHealth:
    return NodeHealth(
        node=seen.word.name,
        standing=node_standing(seen, gone_s),
        heard_age_s=round(seen.age_s, 1),
        cpus=seen.word.cpus,
        clock_off_s=round(seen.word.clock_off_s, 3) + 0.0,  # no -0.0
        disk_free_mib=round(seen.word.disk_free_mib),
        plans=len(seen.word.plans),
        version=seen.word.version,
    )


def _shard(seen: ShardSeen, checkpoint_s: float, nodes: Collection[NodeSeen]) -> ShardHealth:
    return ShardHealth(
        shard=seen.number,
        node=seen.runs_on or seen.node,
        standing=shard_standing(seen, checkpoint_s),
        reason=seen.reason,
        without_plan=without_plan(seen, nodes),
        stores=[one.store for one in seen.stores],
        moving={one.store: one.coming_to for one in seen.stores if one.coming_to is not None},
        lag_s=round(seen.lag_s, 1),
        epoch=seen.generation,
        memory_mib=round(seen.memory_mib),
        busy_share=round(seen.busy_share, 2),
        version=seen.version,
        heard_age_s=round(seen.age_s, 1),
        sessions_lost=seen.sessions_lost,
        session_lost_age_s=None if seen.session_lost_age_s is None else round(seen.session_lost_age_s, 1),
        lost_lately=has_lost_session_lately(seen),
    )
