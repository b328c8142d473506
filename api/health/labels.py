"""What a store's labels came to, for its manager: products and streams that look wrong, and what triggers stand on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import AppContext, context
from api.problems import problem_responses
from api.tagged import TaggedRoute
from engine.ingest.masks import mask_macs
from engine.plan.model import Plan
from engine.storage.status import ENGINE, get_status
from engine.vocabulary import Right

router = APIRouter(
    prefix="/v1/stores",
    tags=["managers"],
    dependencies=[Depends(needs(Right.SEE_RADIO))],
    responses=problem_responses(401, 403, 404, 422),
    route_class=TaggedRoute,
)


class MovedProductOut(BaseModel):
    """A product that seems to stand elsewhere than the plan says."""

    sku: str
    name: str
    level: str
    x_m: float = Field(description="Where it seems to stand.")
    y_m: float
    moved_m: float = Field(description="How far that is from its place in the plan.")


class TriggersOut(BaseModel):
    """What triggers of a campaign that states a precision stand on."""

    campaign_id: str
    asked: float = Field(description="The precision that the campaign states.")
    threshold: float | None = Field(description="Of P(place); null where none keeps the word, and nothing is sent.")
    precision: float = Field(description="Of triggers; by the plan where no threshold keeps the word among labels.")
    precision_low: float = Field(
        description="By labels, the lower end of the 95 % interval by device; by the plan, the pessimistic end."
    )
    precision_high: float | None = Field(description="The upper end; null where it is told by the plan.")
    recall: float
    labelled: int = Field(description="Labelled devices it stands on, rounded down to steps of k.")
    by_labels: bool = Field(description="Whether labelled devices decide; else the plan and where people pause.")


class LabelsOut(BaseModel):
    """What became of a store's labels since its engine began to learn."""

    store: str
    engine_age_s: float | None = Field(description="Since the engine reported last; null where it never did.")
    used: int = Field(description="Held against their device's track.")
    kept: int
    share: float = Field(description="Of the correction of the radio map that is used, 0 to 1.")
    gain_m: float | None = Field(description="How much nearer devices are found that taught nothing; null: not tried.")
    labelled_devices: int = Field(description="At known places, rounded down to steps of k.")
    refused: dict[str, int] = Field(description="Labels that taught nothing, by reason.")
    lying_sources: dict[str, str] = Field(description="Streams that contradict the store: what they look like.")
    moved_products: list[MovedProductOut]
    campaigns: list[TriggersOut]


@router.get("/{store}/labels")
def labels(
    store: Annotated[str, Path(description="The store's id: the name of its floor plan's folder.")],
    ctx: AppContext = Depends(context),
) -> LabelsOut:
    """What labels (shelf scans, taps, receipts) came to: refusals by reason, streams that lie, products that stand
    elsewhere than the plan says, and what the triggers of campaigns that state a precision stand on."""
    plan = ctx.plan(store)
    row = next((r for r in get_status(ctx.db) if r.component == ENGINE and r.store == store), None)
    return labels_of(plan, {}, None) if row is None else labels_of(plan, row.values, round(time.time() - row.at, 1))


def labels_of(plan: Plan, values: Mapping[str, Any], age_s: float | None) -> LabelsOut:
    """From what the store's engine reported."""
    said, promised = values.get("labels", {}), values.get("promises", {})
    names = {product.sku: product.name for product in plan.products}
    return LabelsOut(
        store=plan.store,
        engine_age_s=age_s,
        used=said.get("used", 0),
        kept=said.get("kept", 0),
        share=said.get("share", 0.0),
        gain_m=said.get("gain_m"),
        labelled_devices=said.get("labelled_devices", 0),
        refused=dict(sorted(said.get("refused", {}).items())),
        lying_sources={mask_macs(name): what for name, what in sorted(said.get("lying_sources", {}).items())},
        moved_products=[MovedProductOut(name=names.get(m["sku"], ""), **m) for m in said.get("moved_products", [])],
        campaigns=[TriggersOut(campaign_id=name, **given) for name, given in sorted(promised.items())],
    )
