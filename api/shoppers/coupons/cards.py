"""A voucher as its shopper sees it: texts in their language, the code, the QR, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.context import AppContext
from api.drawn.qr import coupon_qr
from api.shoppers.coupons.goods import goods_of
from api.shoppers.schemas import Saved, StreamedVoucher, VoucherCard
from api.texts.catalogue import words
from api.texts.language import Language, in_language, language_of
from api.texts.money import badge, least, money
from api.texts.warnings import health_warning
from api.times import rfc3339
from engine.delivery.pages import Pending
from engine.errors import NotFound
from engine.offers.codes import group_digits, voucher_code
from engine.offers.wishes import is_asked, is_mailed
from engine.plan.model import Plan
from engine.storage.budget_release import LIVE
from engine.storage.vouchers.campaigns import get_campaign
from engine.storage.vouchers.uses import Use, uses_of
from engine.storage.vouchers.vouchers import VoucherDetails
from engine.vocabulary import VoucherState


def cards(ctx: AppContext, found: Sequence[VoucherDetails], locale: str, *, pictures: bool = True) -> list[VoucherCard]:
    """Stored vouchers, in their order, for a reader of this locale; each campaign is looked up once.

    A QR takes 3 ms to draw: whoever lists all coupons of years and shows none asks for no `pictures`."""
    lang = language_of(locale)
    ids = {(d.voucher.store, d.voucher.campaign_id) for d in found}
    places = {key: _place(ctx, *key) for key in ids}
    used = uses_of(ctx.db, [d.voucher.voucher_id for d in found if d.voucher.state == VoucherState.REDEEMED])
    made = [_card(ctx, d, places[d.voucher.store, d.voucher.campaign_id], lang, pictures) for d in found]
    return [card.model_copy(update={"saved": _show_saved(used.get(card.voucher_id), lang)}) for card in made]


def _show_saved(use: Use | None, lang: Language) -> Saved | None:
    return None if use is None else Saved(amount=money(use.discount_minor, use.currency, lang), at=rfc3339(use.at))


def _card(
    ctx: AppContext, details: VoucherDetails, place: dict[str, Any], lang: Language, picture: bool
) -> VoucherCard:
    """The code is derived here: the database has only its HMAC."""
    voucher = details.voucher
    text = in_language(details.texts, lang)
    code = voucher_code(ctx.secrets.site_key, voucher.voucher_id)
    return VoucherCard(
        voucher_id=voucher.voucher_id,
        campaign_id=voucher.campaign_id,
        store=voucher.store,
        state=voucher.state,
        code=code,
        code_spaced=group_digits(code),
        title=text["title"],
        text=text["text"],
        badge=badge(details.offer, details.currency, lang),
        offer={k: v for k, v in details.offer.items() if v is not None},
        qr_svg=coupon_qr(ctx, voucher.store, code, voucher.expires_at, details.offer) if picture else "",
        issued_at=rfc3339(voucher.issued_at),
        expires_at=rfc3339(voucher.expires_at),
        keep_until=keep_until(voucher.state, voucher.expires_at, details.web_until),
        why=why(
            *(ctx.plans.get(voucher.store), place, None, lang),
            asked=is_asked(voucher.visit_id),
            mailed=is_mailed(voucher.visit_id),
        ),
        goods=goods_of(ctx.plans.get(voucher.store), details.offer, place, voucher.issued_at, lang),
        least=least(details.offer, details.currency, lang),
        warning=health_warning(details.offer, ctx.plans.get(voucher.store), lang),
    )


def to_streamed(ctx: AppContext, pending: Pending, locale: str) -> StreamedVoucher:
    """A voucher on its way to an open page, from what the outbox says, for a reader of this locale."""
    lang = language_of(locale)
    payload, delivery = pending.payload, pending.delivery
    text = in_language(payload["texts"], lang)
    code = voucher_code(ctx.secrets.site_key, delivery.voucher_id)
    near_for_s = payload["why"]["near_for_s"]
    return StreamedVoucher(
        delivery_id=delivery.delivery_id,
        voucher_id=delivery.voucher_id,
        campaign_id=payload["campaign_id"],
        store=payload["store"],
        state=VoucherState.ISSUED,
        code=code,
        code_spaced=group_digits(code),
        title=text["title"],
        text=text["text"],
        badge=badge(payload["offer"], payload["currency"], lang),
        offer=payload["offer"],
        qr_svg=coupon_qr(ctx, payload["store"], code, payload["expires_at"], payload["offer"]),
        issued_at=rfc3339(payload["issued_at"]),
        expires_at=rfc3339(payload["expires_at"]),
        keep_until=keep_until(VoucherState.ISSUED, payload["expires_at"], payload.get("web_until")),
        caused_by_t=delivery.caused_by_t,
        why=why(
            *(ctx.plans.get(payload["store"]), payload["place"], near_for_s, lang),
            asked=was_asked(payload),
            mailed=was_mailed(payload),
            fit=payload["why"].get("fit"),
        ),
        goods=goods_of(ctx.plans.get(payload["store"]), payload["offer"], payload["place"], payload["issued_at"], lang),
        least=least(payload["offer"], payload["currency"], lang),
        warning=health_warning(payload["offer"], ctx.plans.get(payload["store"]), lang),
    )


def keep_until(state: VoucherState, expires_at: float, web_until: float | None) -> str | None:
    """Until when a coupon would hold, kept for later; None where that changes nothing."""
    return rfc3339(web_until) if web_until is not None and web_until > expires_at and state in LIVE else None


def was_asked(payload: dict[str, Any]) -> bool:
    """Whether its shopper asked for what a message brings; messages of before do not say."""
    return bool(payload["why"].get("asked", False))


def was_mailed(payload: dict[str, Any]) -> bool:
    """Whether it is sent by e-mail to somebody who need not be in the shop."""
    return bool(payload["why"].get("mailed", False))


def why(
    plan: Plan | None,
    place: dict[str, Any],
    near_for_s: float | None,
    lang: Language,
    *,
    asked: bool = False,
    mailed: bool = False,
    fit: Sequence[str] | None = None,
) -> str:
    """Why this offer, why now, in one sentence. `place` is the campaign's; who asked for it may be anywhere."""
    t = words(lang)
    if fit is not None and fit[0] in t.why_fit and not asked:
        said = t.why_fit[fit[0]].format(name=_name(plan, "product", fit[1]))
        return f"{said} {why(plan, place, near_for_s, lang, mailed=mailed)}"
    if asked or mailed:
        return t.why["asked" if asked else "mailed"]
    kind = "product" if place.get("product") else "zone" if place.get("zone") else "store"
    name = _name(plan, kind, str(place.get(kind, "")))
    if near_for_s is not None and near_for_s >= 1:
        return t.why.say_count(f"{kind}_for", round(near_for_s), name=name)
    return t.why[kind].format(name=name)


def _name(plan: Plan | None, kind: str, place_id: str) -> str:
    if plan is not None and kind == "product" and place_id in plan.product_by_sku:
        return plan.product_by_sku[place_id].name
    if plan is not None and kind == "zone" and place_id in plan.zone_index:
        return plan.zones[plan.zone_index[place_id]].name
    return place_id


def _place(ctx: AppContext, store: str, campaign_id: str) -> dict[str, Any]:
    try:
        return get_campaign(ctx.db, store, campaign_id).campaign.place.model_dump(exclude_none=True)
    except NotFound:  # no longer there; the voucher still is
        return {}
