""" "I am here": a shopper tells the shop's radio map which product they stand at, where they agreed to that."""

from __future__ import annotations

import secrets
import time

from fastapi import APIRouter, Depends

from api.context import AppContext, context
from api.problems import problem_responses
from api.shoppers.me import require_shopper
from api.shoppers.schemas import Done
from api.shoppers.wallet.schemas import HereRequest
from engine.errors import BusinessRefusal, NotFound
from engine.privacy.consent import allows
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.people.told_places import ToldPlace, tell_place
from engine.vocabulary import Channel, LabelKind, Purpose

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))


@router.post("/here", summary="I am here", responses=problem_responses(404, 409, 422))
def here(
    body: HereRequest, shopper: ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> Done:
    """A label for the map, taken by the store's engine within seconds and kept no longer. 409 `refused` without the
    consent to `location_learning`; 404 for a product that the plan does not have."""
    if body.sku not in ctx.plan(body.store).product_by_sku:
        raise NotFound(f"no product {body.sku!r}")
    if not allows(shopper.grants, Purpose.LOCATION_LEARNING, Channel.ANY):
        raise BusinessRefusal("you did not agree that your places teach the shop's Wi-Fi")
    told = ToldPlace(secrets.token_hex(16), body.store, shopper.shopper_id, time.time(), LabelKind.HERE, sku=body.sku)
    return Done(changed=tell_place(ctx.db, told))
