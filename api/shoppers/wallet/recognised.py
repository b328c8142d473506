""" "Recognise me for this visit": the shopper's choice, and what it comes to."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.context import AppContext, context
from api.problems import problem_responses
from api.shoppers.me import require_shopper
from api.shoppers.schemas import Strict
from api.texts.consents import TEXT_VERSION
from engine.errors import BusinessRefusal
from engine.storage.clerks.recognitions import choose_recognition, end_choice, is_chosen
from engine.storage.people.shoppers import ShopperProfile

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))


class RecognitionRequest(Strict):
    """Whether the staff of a store may know who one is, for this visit."""

    store: str = Field(max_length=64)
    chosen: bool


class MyRecognition(BaseModel):
    """`offered`: whether this site asks for it at all."""

    offered: bool
    chosen: bool


@router.get("/recognition", summary="Am I recognised in this visit?")
def my_recognition(
    shopper: ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> MyRecognition:
    return _state(ctx, shopper, shopper.store)


@router.put("/recognition", summary="Be recognised for this visit, or no more", responses=problem_responses(404, 409))
def choose(
    body: RecognitionRequest,
    shopper: ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> MyRecognition:
    """A yes is a consent to `clerk`, logged with its place; it ends with the visit, and at once where it is taken back.
    409 `refused` where the site does not ask for it."""
    store = ctx.plan(body.store).store
    if not body.chosen:
        end_choice(ctx.db, store, shopper.shopper_id, TEXT_VERSION, time.time())
    elif "clerk:any" not in ctx.config.privacy.asked:
        raise BusinessRefusal("this site has nobody recognised")
    else:
        choose_recognition(ctx.db, store, shopper.shopper_id, TEXT_VERSION, time.time())
    return _state(ctx, shopper, store)


def _state(ctx: AppContext, shopper: ShopperProfile, store: str) -> MyRecognition:
    return MyRecognition(
        offered="clerk:any" in ctx.config.privacy.asked,
        chosen=is_chosen(ctx.db, store, shopper.shopper_id, time.time()),
    )
