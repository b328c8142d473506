"""The shopper's card at the till: points, tier, and a reward bought with them. No name: the till needs none."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from api.auth import needs
from api.context import AppContext, context
from api.keyring import Grant
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.texts.language import Language, in_language, language
from api.texts.money import badge, least
from api.tills.tries import Tries, begin
from api.times import rfc3339
from engine.errors import NotFound
from engine.loyalty.card_codes import CARD_KEY, card_digest, read_card, step_of
from engine.loyalty.ledger import PROGRAMME
from engine.loyalty.terms import terms_of
from engine.offers.bought.rewards import Reward, find_reward, rewards_of
from engine.offers.codes import voucher_code
from engine.storage.loyalty.ledger import spendable, wallet_balance
from engine.storage.loyalty.purchases import qualifying_points
from engine.storage.loyalty.wallets import members_of
from engine.storage.people.card_codes import read_code
from engine.storage.programme.rewards import buy_with_card
from engine.vocabulary import ProblemCode, Right

router = APIRouter(
    prefix="/v1/till",
    tags=["tills"],
    dependencies=[Depends(needs(Right.USE_TILLS))],
    responses=problem_responses(401, 403, 404, 409, 422, 429),
)
Till = Annotated[Grant, Depends(needs(Right.USE_TILLS))]
Ctx = Annotated[AppContext, Depends(context)]
Limits = Annotated[RateLimits, Depends(rate_limits)]


class CardRequest(BaseModel):
    """A card's code, as scanned: `RC:` and 12 signs."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=200, examples=["RC:7F3KQ2M8ZX4A"])
    store: str = Field(max_length=64)
    till: str = Field(min_length=1, max_length=64)


class CardRewardRequest(CardRequest):
    """The same, and what its points buy."""

    reward: str = Field(max_length=40)


class CardReward(BaseModel):
    """What its points buy here."""

    reward: str
    title: str
    badge: str
    least: str | None = Field(None, description="What the basket has to come to, in words.")
    points: int
    missing: int


class CardAnswer(BaseModel):
    """What a till shows of a card."""

    spendable: int
    pending: int
    tier: str = Field(description="By its name in `loyalty.tiers`; empty for none.")
    rewards: list[CardReward]


class BoughtAnswer(BaseModel):
    """The voucher that points bought, to be redeemed as any other."""

    voucher_id: str
    code: str
    points: int
    spendable: int = Field(description="What is left.")
    expires_at: str


@router.post("/card", summary="What does this card have?")
def card(body: CardRequest, request: Request, ctx: Ctx, grant: Till, limits: Limits) -> CardAnswer:
    """The code is this till's from now on: 409 `card_code_used` for another, 404 `card_code_unknown` a minute later."""
    now, tries = time.time(), begin(ctx, limits, request, grant, body.store, body.till)
    digest = _digest(ctx, body.code, tries)
    try:
        who = read_code(ctx.db, digest, _till(body, grant), step_of(now))
    except NotFound:
        tries.tell(right=False)
        raise
    tries.tell(right=True)
    members, terms = members_of(ctx.db, who), terms_of(ctx.config.loyalty)
    has = spendable(ctx.db, PROGRAMME, members, now)
    return CardAnswer(
        spendable=has,
        pending=wallet_balance(ctx.db, PROGRAMME, members).pending,
        tier=terms.tier_of(qualifying_points(ctx.db, members, now - terms.tier_s)),
        rewards=[_show(reward, has, language(request)) for reward in _find_given(ctx, body.store)],
    )


@router.post("/card/reward", status_code=201, summary="Buy a reward with a card's points")
def buy(
    body: CardRewardRequest,
    request: Request,
    ctx: Ctx,
    grant: Till,
    limits: Limits,
    idempotency_key: Annotated[str, Header(max_length=200)],
) -> BoughtAnswer:
    """Once for each Idempotency-Key, and one reward for each code. 404 `reward_unknown`; 409 `not_enough_points`."""
    now, tries = time.time(), begin(ctx, limits, request, grant, body.store, body.till)
    digest = _digest(ctx, body.code, tries)
    reward = find_reward(_find_given(ctx, body.store), body.reward, body.store, ctx.plan(body.store).currency)
    if reward is None:
        raise NotFound("this store gives no such reward", code=ProblemCode.REWARD_UNKNOWN)
    step, till, secret = step_of(now), _till(body, grant), ctx.secrets.site_key
    try:
        bought = buy_with_card(ctx.db, reward, digest, body.store, till, step, idempotency_key, secret, now)
        who = read_code(ctx.db, digest, till, step)
    except NotFound:
        tries.tell(right=False)
        raise
    tries.tell(right=True)
    return BoughtAnswer(
        voucher_id=bought,
        code=voucher_code(secret, bought),
        points=reward.points,
        spendable=spendable(ctx.db, PROGRAMME, members_of(ctx.db, who), now),
        expires_at=rfc3339(now + reward.valid_s),
    )


def _digest(ctx: AppContext, text: str, tries: Tries) -> str:
    code = read_card(text)
    if code is None:
        tries.tell(right=False)
        raise NotFound("no card shows this code now", code=ProblemCode.CARD_CODE_UNKNOWN)
    return card_digest(ctx.secrets.derive_key(CARD_KEY), code)


def _till(body: CardRequest, grant: Grant) -> str:
    return f"{grant.fingerprint}|{body.store}|{body.till}"


def _find_given(ctx: AppContext, store: str) -> list[Reward]:
    currency = ctx.plan(store).currency
    return [reward for reward in rewards_of(ctx.config.loyalty) if reward.is_given_in(store, currency)]


def _show(reward: Reward, has: int, lang: Language) -> CardReward:
    return CardReward(
        reward=reward.id,
        title=in_language(reward.texts.model_dump(), lang)["title"],
        badge=badge(reward.offer.model_dump(), reward.currency, lang),
        least=least(reward.offer.model_dump(), reward.currency, lang),
        points=reward.points,
        missing=max(0, reward.points - has),
    )
