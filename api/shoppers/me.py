"""What a signed-in shopper may do: see coupons, acknowledge, choose, share. Rights are in `api.shoppers.rights`."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Query, Request

from api.auth import NotSignedIn, shopper_id
from api.callers.devices import from_here
from api.callers.visitors import visitor_of
from api.context import AppContext, context
from api.problems import problem_responses
from api.ratelimits import RateLimits, rate_limits
from api.shoppers import schemas as says
from api.shoppers.choices import check_asked, may_be_asked
from api.shoppers.coupons.cards import cards
from api.shoppers.receipts import send_receipt
from api.shoppers.sessions import known_shopper, refuse_granted
from api.texts.brought import points_why
from api.texts.consents import TEXT_VERSION
from api.texts.language import Language, in_language, language_of
from api.texts.money import money
from api.times import rfc3339
from engine.errors import BusinessRefusal, NotFound
from engine.loyalty.ledger import PROGRAMME
from engine.loyalty.worth import worth_minor
from engine.offers.wishes import Mute
from engine.privacy.proofs import PLACE_KEY, place_of
from engine.storage.loyalty import ledger, shares
from engine.storage.loyalty.my_shares import MyShare, my_shares
from engine.storage.loyalty.wallets import members_of
from engine.storage.people import phones
from engine.storage.people import shoppers as profiles
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.wishes import put_mute
from engine.storage.vouchers import outbox, vouchers
from engine.vocabulary import MuteKind, ProblemCode, Purpose

PLACE_CODES_PER_MINUTE = 10  # per shopper; a code has 30 bits

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))


def require_shopper(who: str = Depends(shopper_id), ctx: AppContext = Depends(context)) -> profiles.ShopperProfile:
    """FastAPI dependency: the profile behind the cookie. Raises NotSignedIn (401), also when it was erased."""
    found = known_shopper(ctx, who)
    if found is None:
        raise NotSignedIn("this profile was erased")
    return found


@router.get("", summary="Who am I?")
def me(
    lang: str | None = Query(None, pattern="^[a-z]{2,3}$"),
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.Me:
    balance = ledger.wallet_balance(ctx.db, PROGRAMME, members_of(ctx.db, shopper.shopper_id))
    return says.Me(
        shopper_id=shopper.shopper_id,
        store=shopper.store,
        display_name=shopper.display_name,
        locale=shopper.locale,
        consents=_list_grants(shopper),
        may_ask=may_be_asked(ctx, shopper, time.time()),
        points=says.Points(
            available=balance.available,
            pending=balance.pending,
            worth=worth_of(ctx, shopper.store, balance.available, lang or shopper.locale),
        ),
        phone=phones.phone_state(ctx.db, shopper.shopper_id, shopper.store, time.time()),
        now=rfc3339(time.time()),
    )


def worth_of(ctx: AppContext, store: str, available: int, lang: str) -> says.Worth | None:
    """What the points take off at a store; None where no rate is said in its currency, or for nothing at all."""
    rate = ctx.config.loyalty.of(PROGRAMME)
    amount = worth_minor(available, rate.points, rate.amount_minor) if rate else 0
    plan = ctx.plans.get(store)
    if rate is None or amount == 0 or plan is None or plan.currency != rate.currency:
        return None
    return says.Worth(amount_minor=amount, currency=rate.currency, text=money(amount, rate.currency, language_of(lang)))


@router.get("/vouchers", summary="My coupons, newest first")
def my_vouchers(
    cursor: str | None = Query(None, max_length=64, description="`next` of the page before."),
    limit: int = Query(50, ge=1, le=200),
    lang: str | None = Query(None, pattern="^[a-z]{2,3}$"),
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.VoucherList:
    found = vouchers.vouchers_of(ctx.db, shopper.shopper_id, after=cursor, limit=limit + 1)
    items = cards(ctx, found[:limit], lang or shopper.locale)
    return says.VoucherList(items=items, next=items[-1].voucher_id if len(found) > limit else None)


@router.post("/deliveries/{delivery_id}/ack", summary="It was really shown", responses=problem_responses(404))
def acknowledge(
    delivery_id: int, shopper: profiles.ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> says.Done:
    """Only now does the coupon count as delivered. 404 `delivery_gone`: unknown, not yours, or too late."""
    if not outbox.acknowledge(ctx.db, delivery_id, shopper.shopper_id, time.time()):
        raise NotFound("nothing to acknowledge", code=ProblemCode.DELIVERY_GONE)
    return says.Done()


@router.post("/vouchers/{voucher_id}/seen", summary="It was looked at", responses=problem_responses(404))
def mark_seen(
    voucher_id: str, shopper: profiles.ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> says.Done:
    vouchers.mark_seen(ctx.db, voucher_id, shopper.shopper_id, time.time())
    return says.Done()


@router.post(
    "/vouchers/{voucher_id}/keep", summary="Keep it for later on the web", responses=problem_responses(404, 409)
)
def keep_for_web(
    voucher_id: str, shopper: profiles.ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> says.KeptCoupon:
    """Where the campaign allows: it holds for longer then, in the shop too. 409 `refused` where it does not."""
    return says.KeptCoupon(until=rfc3339(vouchers.keep_for_web(ctx.db, voucher_id, shopper.shopper_id, time.time())))


@router.put("/consents", summary="Change what I agree to", responses=problem_responses(409, 422))
def change_consents(
    body: says.ConsentUpdate,
    request: Request,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> list[says.ConsentAnswer]:
    """Takes effect at once: without location offers the phone is unlinked and unseen coupons are withdrawn.

    With location offers anew, the phone has to be proved anew. 422 for a yes to what the site does not ask, or what the
    wording that was shown did not have.
    """
    check_asked(ctx, body.consents, body.text_version)
    changed = profiles.set_consents(
        ctx.db,
        shopper.shopper_id,
        [answer.choice() for answer in body.consents],
        body.text_version,
        f"me:{shopper.store}",
        time.time(),
        store=shopper.store,
        phone=from_here(ctx, request, PhoneClaim()),
    )
    send_receipt(ctx, changed)
    return _list_grants(changed)


@router.post("/phone-code", summary="This is my phone", responses=problem_responses(409, 422, 429))
def enter_phone_code(
    body: says.PhoneCode,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> says.Done:
    """A code shown at a place of the store. The phone becomes the shopper's once it is located beside that place.

    409 `place_code_wrong`: no such code now. 409 `device_unknown`: no captive portal named this phone.
    """
    limits.spend("place_code", shopper.shopper_id, PLACE_CODES_PER_MINUTE)
    now, places = time.time(), [opening.id for opening in ctx.plan(shopper.store).openings]
    place = place_of(ctx.secrets.derive_key(PLACE_KEY), shopper.store, places, body.code, now)
    if place is None:
        raise BusinessRefusal("no place of the store shows this code now", code=ProblemCode.PLACE_CODE_WRONG)
    if not phones.enter_code(ctx.db, shopper.store, shopper.shopper_id, place, now):
        raise BusinessRefusal("the sign-in page was not told which phone this is", code=ProblemCode.DEVICE_UNKNOWN)
    return says.Done()


@router.post("/fewer", summary="Fewer offers", responses=problem_responses(404))
def fewer(
    body: says.Fewer,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.Done:
    """`never` withdraws location offers on every channel; `mute` mutes the store, which can be undone."""
    if body.kind == "mute":
        muted = Mute(MuteKind.SHOP, ctx.plan(body.store).store)
        return says.Done(changed=put_mute(ctx.db, shopper.shopper_id, muted, time.time()))
    choices = refuse_granted(shopper, Purpose.LOCATION_OFFERS)
    profiles.set_consents(ctx.db, shopper.shopper_id, choices, TEXT_VERSION, f"coupon:{body.store}", time.time())
    return says.Done(changed=bool(choices))


@router.post("/shares", status_code=201, summary="A link to share a deal", responses=problem_responses(404))
def share(
    body: says.ShareRequest,
    request: Request,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.ShareLink:
    """The same link when asked again. Opening it with one's own browser earns nothing."""
    sharer = visitor_of(ctx, request, shopper.store)
    made = shares.create_share(ctx.db, body.voucher_id, shopper.shopper_id, time.time(), sharer=sharer)
    url = f"{ctx.public_url}/s/{made.token}"
    return says.ShareLink(token=made.token, url=url, picture_url=f"{url}/picture.png")


@router.get("/shares", summary="My links, and the points they brought")
def my_links(
    lang: str | None = Query(None, pattern="^(fr|en)$"),
    limit: int = Query(50, ge=1, le=200),
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.MyShares:
    """Each opening by a person with its points: pending, being checked, available, refused or capped, and why."""
    spoken = language_of(lang or shopper.locale)
    return says.MyShares(
        items=[_link(ctx, link, spoken) for link in my_shares(ctx.db, shopper.shopper_id, limit=limit)]
    )


def _link(ctx: AppContext, link: MyShare, lang: Language) -> says.MyShareOut:
    plan = ctx.plans.get(link.store)
    zone = plan.timezone if plan else "UTC"
    return says.MyShareOut(
        token=link.token,
        url=f"{ctx.public_url}/s/{link.token}",
        store=link.store,
        campaign_id=link.campaign_id,
        title=in_language(link.texts, lang)["title"] if link.texts else link.campaign_id,
        created_at=rfc3339(link.created_at),
        openings=[
            says.SharePointsOut(
                since=rfc3339(o.since),
                until=None if o.until is None else rfc3339(o.until),
                points=o.points,
                state=o.state,
                why=points_why(o, zone, lang),
            )
            for o in link.openings
        ],
    )


def _list_grants(shopper: profiles.ShopperProfile) -> list[says.ConsentAnswer]:
    pairs = sorted(shopper.grants)
    return [says.ConsentAnswer.model_validate({"purpose": p, "channel": c, "granted": True}) for p, c in pairs]
