"""Push and links in messages: subscriptions, acknowledgements by token, the coupon behind a link, the way out."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Literal

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.callers.cookies import session_of
from api.context import AppContext, context
from api.pages import page
from api.problems import problem_responses
from api.ratelimits import RateLimits, line_of, rate_limits
from api.shoppers import schemas as says
from api.shoppers.coupons.cards import cards
from api.shoppers.me import require_shopper
from api.shoppers.messages import use_by
from api.texts.consents import TEXT_VERSION
from api.texts.language import language
from engine.delivery.push_services import NotAPushService, endpoint_host
from engine.delivery.tokens import PURPOSE, read_ack_token, read_unsubscribe_token
from engine.delivery.web_push import BadSubscription, check_keys
from engine.errors import BusinessRefusal, NotFound
from engine.privacy.consent import ConsentChoice
from engine.storage.loyalty.wallets import profiles_of
from engine.storage.people import shoppers as profiles
from engine.storage.sending import subscriptions
from engine.storage.sending.subscriptions import Subscription
from engine.storage.vouchers import channels, vouchers
from engine.vocabulary import Channel, ProblemCode, Purpose, VoucherState

SUBSCRIPTIONS_PER_MINUTE = 20  # per shopper
ACKS_PER_MINUTE = 600  # per address: a shop is one

router = APIRouter(tags=["shoppers"])
pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


class PushRefused(BusinessRefusal):
    """What cannot be pushed to: no push service's address, no keys, no consent, or no push on this site."""

    code = ProblemCode.PUSH_REFUSED
    status = 422


class PushOffer(says.Strict):
    """What a page needs to ask for push."""

    offered: bool = Field(description="False where the site has no push, or does not ask for it.")
    agreed: bool = Field(description="Whether the shopper agreed to offers by push.")
    public_key: str | None = Field(description="`applicationServerKey`. Another one than before: subscribe anew.")


class PushKeys(says.Strict):
    """As `PushSubscription.toJSON()` has them."""

    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)


class PushSubscription(says.Strict):
    """`PushSubscription.toJSON()`, with the key it was made for and the endpoint that it replaces."""

    endpoint: str = Field(max_length=2000)
    keys: PushKeys
    expirationTime: float | None = None  # noqa: N815 (the browser's name)
    public_key: str = Field(max_length=200)
    replaces: str | None = Field(None, max_length=2000)


class PushEndpoint(says.Strict):
    """Which subscription."""

    endpoint: str = Field(max_length=2000)


class Acknowledgement(says.Strict):
    """What became of a message. `showing` is said before, `shown` after, `opened` when it was tapped on."""

    token: str = Field(max_length=100)
    event: Literal["showing", "shown", "opened"]


class Relevance(says.Strict):
    """Whether the coupon may be shown."""

    relevant: bool


@router.get("/v1/me/push", summary="May I be pushed to?", responses=problem_responses(401))
def push_offer(
    request: Request,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> PushOffer:
    side = request.app.state.sides.push
    agreed = (Purpose.LOCATION_OFFERS, Channel.PUSH) in shopper.grants
    may_ask = agreed or f"{Purpose.LOCATION_OFFERS}:{Channel.PUSH}" in ctx.config.privacy.asked
    return PushOffer(
        offered=side is not None and may_ask, agreed=agreed, public_key=side.keys()[0].public if side else None
    )


@router.put("/v1/me/push", summary="Push to this browser", responses=problem_responses(401, 422, 429))
def subscribe(
    body: PushSubscription,
    request: Request,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> says.Done:
    """422 `push_refused`: no known push service, wrong keys, another site's key, or no consent to push."""
    limits.spend("push", shopper.shopper_id, SUBSCRIPTIONS_PER_MINUTE)
    side = request.app.state.sides.push
    if side is None:
        raise PushRefused("this site has no push")
    try:
        endpoint_host(body.endpoint, ctx.config.delivery.push_hosts)
        check_keys(body.keys.p256dh, body.keys.auth)
    except (NotAPushService, BadSubscription) as error:
        raise PushRefused(str(error)) from error
    keys = side.keys()
    key = next((k for k in keys if k.public == body.public_key), None)
    if key is None:
        raise PushRefused("made for a key that is not ours: subscribe anew")
    made = Subscription(body.endpoint, body.keys.p256dh, body.keys.auth, key.key_id)
    here, now = session_of(ctx, request) or "", time.time()
    if not subscriptions.put_subscription(
        ctx.db, shopper.shopper_id, made, now, replaces=body.replaces, session_id=here
    ):
        raise PushRefused("no consent to push, or a browser that others use, too")
    return says.Done()


@router.delete("/v1/me/push", summary="No more push to this browser", responses=problem_responses(401))
def unsubscribe_browser(
    body: PushEndpoint,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.Done:
    return says.Done(changed=subscriptions.drop_subscription(ctx.db, shopper.shopper_id, body.endpoint))


@router.post("/v1/push/ack", summary="What became of a message", responses=problem_responses(404, 429))
def acknowledge(
    body: Acknowledgement,
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Relevance:
    """Proved by the token that came with the message; no sign-in. 404 `delivery_gone` for a token we never made."""
    limits.spend("push_ack", line_of(request), ACKS_PER_MINUTE)
    found = read_ack_token(ctx.secrets.derive_key(PURPOSE), body.token)
    if found is None:
        raise NotFound("nothing to acknowledge", code=ProblemCode.DELIVERY_GONE)
    number, channel = found
    now = time.time()
    if body.event == "showing":
        return Relevance(relevant=channels.hold(ctx.db, number, now))
    shown = channels.acknowledge_sent(ctx.db, number, channel, now)
    if shown:
        request.app.state.metrics.messages.labels(channel, body.event).inc()
    if shown and body.event == "opened":
        _see(ctx, number, now)
    return Relevance(relevant=shown)


@pages.get("/c/{token}", summary="A coupon behind a link: asks to open it")
def ask_to_open(token: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Opening a link acknowledges nothing: programs that look links over open them, too."""
    if len(token) > 100 or read_ack_token(ctx.secrets.derive_key(PURPOSE), token) is None:
        raise NotFound("no such coupon", code=ProblemCode.DELIVERY_GONE)
    return page(request, "linked.html", here=f"/c/{token}", token=token, card=None, over=False, until="")


@pages.post("/c/{token}", summary="Open the coupon behind a link")
def open_linked(
    token: str,
    request: Request,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Shows the coupon, which counts as delivered now; or says that it is over."""
    limits.spend("push_ack", line_of(request), ACKS_PER_MINUTE)
    found = read_ack_token(ctx.secrets.derive_key(PURPOSE), token) if len(token) <= 100 else None
    if found is None:
        raise NotFound("no such coupon", code=ProblemCode.DELIVERY_GONE)
    now = time.time()
    card = _see(ctx, found[0], now) if channels.acknowledge_sent(ctx.db, *found, now) else None
    if card is None or card.state not in (VoucherState.DELIVERED, VoucherState.SEEN):
        return page(request, "linked.html", 410, here=f"/c/{token}", token=token, card=None, over=True, until="")
    plan = ctx.plans.get(card.store)
    until = use_by(card.ends_at, now, plan.timezone if plan else "UTC", language(request))
    shown = cards(ctx, [card.details], language(request))[0]
    return page(request, "linked.html", here=f"/c/{token}", token=token, card=shown, over=False, until=until)


@pages.get("/unsubscribe/{token}", summary="No more of these messages?")
def ask_to_stop(token: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """One button. Opening the link withdraws nothing, since programs open links too."""
    _whose(ctx, token)
    return page(request, "unsubscribe.html", here=f"/unsubscribe/{token}", token=token, done=False)


@pages.post("/unsubscribe/{token}", summary="No more of these messages")
def stop(token: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """By the button, or by a mailbox's own (RFC 8058): without a sign-in, at once, and as often as it is sent."""
    shopper_id, channel = _whose(ctx, token)
    for profile in profiles_of(ctx.db, shopper_id):  # the letter may be of before this profile joined another
        with suppress(NotFound):  # erased: nobody is written to any more
            _stop(ctx, profile, channel)
    return page(request, "unsubscribe.html", here=f"/unsubscribe/{token}", token=token, done=True)


def _stop(ctx: AppContext, shopper_id: str, channel: Channel) -> None:
    choice = ConsentChoice(Purpose.LOCATION_OFFERS, channel, False)
    if (choice.purpose, channel) in profiles.get_shopper(ctx.db, shopper_id).grants:  # a repeat writes nothing
        profiles.set_consents(ctx.db, shopper_id, [choice], TEXT_VERSION, f"unsubscribe:{channel}", time.time())


def _whose(ctx: AppContext, token: str) -> tuple[str, Channel]:
    found = read_unsubscribe_token(ctx.secrets.derive_key(PURPOSE), token) if len(token) <= 100 else None
    if found is None:
        raise NotFound("no such link", code=ProblemCode.DELIVERY_GONE)
    return found


class _Seen:
    """A voucher that was just looked at, with what its card is made of."""

    def __init__(self, details: vouchers.VoucherDetails) -> None:
        self.details, self.state = details, details.voucher.state
        self.store, self.ends_at = details.voucher.store, details.voucher.expires_at


def _see(ctx: AppContext, delivery_id: int, now: float) -> _Seen | None:
    owner = channels.owner_of(ctx.db, delivery_id)
    if owner is None:
        return None
    shopper_id, voucher_id = owner
    vouchers.mark_seen(ctx.db, voucher_id, shopper_id, now)
    return _Seen(vouchers.voucher_of(ctx.db, voucher_id, shopper_id))
