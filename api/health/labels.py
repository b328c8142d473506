"""What a store's labels came to, for its manager: products and streams that look wrong, and what triggers stand on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from api.auth import needs
from api.context import AppContext, context
from api.problems import problem_responses
from api.tagged import TaggedRoute
from engine.ingest.decoders.labels import LABEL_SOURCE
from engine.masks import mask_macs
from engine.offers.measured.calibration import LEAST_DEVICES
from engine.offers.promise import PromiseBasis
from engine.plan.model import Plan
from engine.storage.status import ENGINE, EVERY_STORE, Status, get_status
from engine.vocabulary import LabelRefusal, ReadingRefusal, RecordRefusal, Right

router = APIRouter(
    prefix="/v1/stores",
    tags=["managers"],
    dependencies=[Depends(needs(Right.SEE_RADIO))],
    responses=problem_responses(401, 403, 404, 422),
    route_class=TaggedRoute,
)

_CODES = frozenset([*ReadingRefusal, *RecordRefusal, *LabelRefusal])


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
    told_by: PromiseBasis = Field(
        description="`labels`, or `plan_and_pauses`: the plan and where people pause. What `rayon plan accuracy` and "
        "`/promise` say of the same campaign is told by the plan alone, and differs."
    )
    asked: float = Field(description="The precision that the campaign states.")
    threshold: float | None = Field(description="Of P(place); null where none keeps the word, and nothing is sent.")
    precision: float = Field(
        description="Of triggers: by labels, of all of the store's places together; by the plan where no threshold "
        "keeps the word among labels."
    )
    precision_low: float = Field(
        description="By labels, the lower end of the 95 % interval of this place alone, by how far places differ; by "
        "the plan, the pessimistic end."
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
    left_devices: int = Field(
        description="Devices that labels may come of and that have left: their tracks say what sets triggers off. "
        "Rounded down to steps of k."
    )
    needed_devices: int = Field(description="Of each of both, from which thresholds stand on labels.")
    step: int | None = Field(description="The k that both are told in; null where no engine has reported.")
    refused: dict[str, int] = Field(
        description="Labels that taught nothing, by reason, of those that could be read; `refused_by_source` has the "
        "others."
    )
    refused_by_source: dict[str, dict[str, int]] = Field(
        description="Labels that could not be read or placed, by their stream, `labels/SOURCE`, and by reason: the "
        "counts that the sources page has of it."
    )
    lying_sources: dict[str, str] = Field(description="Streams that contradict the store: what they look like.")
    off_m: dict[str, list[float]] = Field(
        description="Of those that are shifted by one vector, how far their places lie off in x and y, in metres."
    )
    apart_m: dict[str, list[float]] = Field(
        description="Streams that teach no more than how places differ: the vector, in x and y, in metres, that all "
        "their places lie off, which may be the map's or theirs, and without which they were taken."
    )
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
    rows = get_status(ctx.db)
    row = next((r for r in rows if r.component == ENGINE and r.store == store), None)
    heard = streams_of(rows, store)
    if row is None:
        return labels_of(plan, {}, None, heard)
    return labels_of(plan, row.values, round(time.time() - row.at, 1), heard)


def streams_of(rows: Sequence[Status], store: str) -> dict[str, dict[str, int]]:
    """Of each stream of labels into a store, by its masked name, what could not be read or placed, by reason."""
    whole = next((r.values for r in rows if r.component == ENGINE and r.store == EVERY_STORE), {})
    told = {f.get("name", key): f for key, f in whole.get("sources", {}).items() if store in f["stores"]}
    return {
        mask_macs(name): dict(sorted((code, n) for code, n in f["refused"].items() if code in _CODES))
        for name, f in sorted(told.items())
        if name.startswith(LABEL_SOURCE) and f["refused"]
    }


def labels_of(
    plan: Plan, values: Mapping[str, Any], age_s: float | None, heard: Mapping[str, dict[str, int]]
) -> LabelsOut:
    """From what the store's engine reported; `heard` as of `streams_of`."""
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
        left_devices=said.get("left_devices", 0),
        needed_devices=LEAST_DEVICES,
        step=values.get("k"),
        refused_by_source=dict(heard),
        refused=dict(sorted(said.get("refused", {}).items())),
        lying_sources={mask_macs(name): what for name, what in sorted(said.get("lying_sources", {}).items())},
        off_m={mask_macs(name): off for name, off in sorted(said.get("off_m", {}).items())},
        apart_m={mask_macs(name): off for name, off in sorted(said.get("apart_m", {}).items())},
        moved_products=[MovedProductOut(name=names.get(m["sku"], ""), **m) for m in said.get("moved_products", [])],
        campaigns=[
            TriggersOut(campaign_id=name, told_by=basis_of(given), **given) for name, given in sorted(promised.items())
        ],
    )


def basis_of(given: Mapping[str, Any]) -> PromiseBasis:
    """What a running engine's figures of a campaign stand on."""
    return PromiseBasis.LABELS if given["by_labels"] else PromiseBasis.PAUSES
