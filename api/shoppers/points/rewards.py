"""Points buy vouchers, for whoever is signed in on this phone: the proof that they are theirs."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query

from api.context import AppContext, context
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.shoppers.coupons.cards import cards
from api.shoppers.me import require_shopper
from api.shoppers.points import schemas as says
from api.shoppers.schemas import VoucherCard
from api.texts.language import Language, in_language, language_of
from api.texts.money import badge, least
from engine.errors import NotFound
from engine.loyalty.ledger import PROGRAMME
from engine.offers.bought.rewards import DAY_S, Reward, find_reward, rewards_of
from engine.storage.loyalty.ledger import spendable
from engine.storage.loyalty.wallets import members_of
from engine.storage.people.shoppers import ShopperProfile
from engine.storage.programme.rewards import buy_reward, undo_reward
from engine.storage.vouchers.vouchers import voucher_of
from engine.vocabulary import ProblemCode

BOUGHT_PER_MINUTE = 10  # of one shopper

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
Shopper = Annotated[ShopperProfile, Depends(require_shopper)]
Ctx = Annotated[AppContext, Depends(context)]
Limits = Annotated[RateLimits, Depends(rate_limits)]


@router.get("/rewards", summary="What my points buy", responses=problem_responses(404))
def rewards(
    shopper: Shopper,
    ctx: Ctx,
    store: Annotated[str | None, Query(max_length=64, description="By default one's own.")] = None,
    lang: Annotated[str | None, Query(max_length=16)] = None,
) -> says.RewardList:
    has = spendable(ctx.db, PROGRAMME, members_of(ctx.db, shopper.shopper_id), time.time())
    return reward_list(ctx, store or shopper.store, has, language_of(lang or shopper.locale))


@router.post("/rewards", status_code=201, summary="Buy a reward", responses=problem_responses(404, 409, 422, 429))
def buy(
    body: says.RewardRequest,
    shopper: Shopper,
    ctx: Ctx,
    limits: Limits,
    idempotency_key: Annotated[str, Header(max_length=200)],
    lang: Annotated[str | None, Query(max_length=16)] = None,
) -> VoucherCard:
    """Burns the points that end soonest and gives the voucher, once for each Idempotency-Key. 409
    `not_enough_points`."""
    voucher_id = buy_on_phone(ctx, limits, shopper, body.reward, body.store, idempotency_key)
    [card] = cards(ctx, [voucher_of(ctx.db, voucher_id, shopper.shopper_id)], lang or shopper.locale)
    return card


@router.post("/rewards/{voucher_id}/undo", summary="Give a reward back", responses=problem_responses(404, 409))
def undo(voucher_id: str, shopper: Shopper, ctx: Ctx) -> says.PointsBack:
    """While it is unused: its voucher ends, and the points are again where they came from. Asking twice answers the
    same. 409 `reward_used`."""
    return says.PointsBack(points=undo_reward(ctx.db, voucher_id, shopper.shopper_id, time.time()))


def buy_on_phone(ctx: AppContext, limits: RateLimits, shopper: ShopperProfile, name: str, store: str, key: str) -> str:
    """The id of the voucher that this shopper's points buy. Raises NotFound, NotEnoughPoints, TooManyRequests."""
    limits.spend("reward", shopper.shopper_id, BOUGHT_PER_MINUTE)
    reward, secret = named_reward(ctx, name, store), ctx.secrets.site_key
    return buy_reward(ctx.db, reward, shopper.shopper_id, store, f"phone|{key}", secret, time.time())


def reward_list(ctx: AppContext, store: str, has: int, lang: Language) -> says.RewardList:
    """The rewards of a store for somebody who can spend so many points."""
    plan = ctx.plan(store)
    given = [r for r in rewards_of(ctx.config.loyalty) if r.is_given_in(store, plan.currency)]
    return says.RewardList(spendable=has, items=[_show(reward, has, lang) for reward in given])


def named_reward(ctx: AppContext, name: str, store: str) -> Reward:
    """The reward of this id in this store. Raises NotFound (`reward_unknown`)."""
    found = find_reward(rewards_of(ctx.config.loyalty), name, store, ctx.plan(store).currency)
    if found is None:
        raise NotFound("this store gives no such reward", code=ProblemCode.REWARD_UNKNOWN)
    return found


def _show(reward: Reward, has: int, lang: Language) -> says.RewardOut:
    return says.RewardOut(
        reward=reward.id,
        title=in_language(reward.texts.model_dump(), lang)["title"],
        badge=badge(reward.offer.model_dump(), reward.currency, lang),
        points=reward.points,
        missing=max(0, reward.points - has),
        min_basket_minor=reward.offer.min_basket_minor,
        least=least(reward.offer.model_dump(), reward.currency, lang),
        currency=reward.currency,
        valid_days=reward.valid_s / DAY_S,
    )
