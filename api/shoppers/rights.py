"""A shopper's rights: access, erasure, restriction, objection. By JSON, and by a page that needs no scripts."""

from __future__ import annotations

import base64
import json
import time
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse

from api.auth import NotSignedIn, shopper_cookie
from api.callers.cookies import ASKED, SHOPPER, drop_cookie, erased_shopper, read_cookie
from api.callers.devices import from_here
from api.context import AppContext, context
from api.pages import page
from api.problems import problem_responses
from api.shoppers import schemas as says
from api.shoppers.coupons.cards import cards
from api.shoppers.me import require_shopper, worth_of
from api.shoppers.points.statement import statement
from api.shoppers.receipts import receipt_of
from api.shoppers.sessions import known_shopper, refuse_granted
from api.shoppers.wallet.spots import shown_spots
from api.texts.catalogue import words
from api.texts.consents import TEXT_VERSION
from api.texts.language import language, language_of
from api.texts.times import moment
from api.times import rfc3339
from engine.errors import NotFound
from engine.privacy.consent import allows_targeting
from engine.privacy.erasures import Erasures
from engine.privacy.identifiers import mailbox_digest
from engine.storage.erasure import erase_shopper
from engine.storage.last_places import KEPT_S, last_place
from engine.storage.people import rights
from engine.storage.people import shoppers as profiles
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.held import find_held
from engine.storage.people.phones import ask_release, opt_out_phones
from engine.storage.presence import heatmaps
from engine.storage.vouchers import vouchers
from engine.vocabulary import Purpose

MANY = 100_000
SHOWN_APART = frozenset({"shopper", "consent", "consent_log", "visit", "voucher"})
"""Tables that the page shows in words of their own; of the others it says how much there is."""

router = APIRouter(prefix="/v1/me", tags=["shoppers"], responses=problem_responses(401))
pages = APIRouter(prefix="/me", tags=["pages"], default_response_class=HTMLResponse)
Ask = Literal["restrict", "release", "object", "count_again", "erase"]


@router.get("/export", summary="All my data", response_class=JSONResponse)
def export(shopper: profiles.ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)) -> Response:
    """Everything kept about the shopper: profile, answers, visits, where they linger, coupons, points, and `held`,
    every row of every table that leads to them. `/me/data` is the same as a page."""
    said = json.dumps(_all_of(ctx, shopper), ensure_ascii=False, separators=(",", ":"), default=_text)
    named = {"Content-Disposition": 'attachment; filename="rayon.json"'}
    return Response(said, media_type=JSONResponse.media_type, headers=named)


@router.get("/receipt", summary="What I agreed to, to keep", response_class=PlainTextResponse)
def receipt(
    shopper: profiles.ShopperProfile = Depends(require_shopper), ctx: AppContext = Depends(context)
) -> Response:
    """The receipt that goes out by e-mail, as a file: for who gave no address, or where no mail server is set."""
    made = receipt_of(ctx, shopper, language_of(shopper.locale))
    return PlainTextResponse(made.text, headers={"Content-Disposition": 'attachment; filename="rayon.txt"'})


@router.delete("", summary="Delete me, now and for good")
def delete_me(
    request: Request,
    response: Response,
    ctx: AppContext = Depends(context),
    _cookie: str | None = Depends(shopper_cookie),
) -> says.Done:
    """Erases profile, phone links, visits, deliveries and shares. Amounts stay in the ledger, led to by nothing."""
    who, was = read_cookie(ctx, request, SHOPPER), erased_shopper(ctx, request)
    if who is None and (was is None or known_shopper(ctx, was) is not None):
        raise NotSignedIn("sign in at the store's Wi-Fi page first")
    drop_cookie(ctx, response, SHOPPER)
    drop_cookie(ctx, response, ASKED)
    if who is None:
        return says.Done(changed=False)
    now, erasures = time.time(), Erasures(ctx.config.storage.data_dir)
    try:
        person = erase_shopper(ctx.db, who, now, address_digest=partial(mailbox_digest, ctx.secrets))
    except NotFound:  # a repeat, or another browser was first: what was asked for is so
        return says.Done(changed=False)
    for profile in person:
        erasures.note(profile, now)
    erasures.forget(now - ctx.config.controller.backups_days * 86_400.0)
    return says.Done()


@router.get("/rights", summary="What I asked for")
def my_rights(shopper: profiles.ShopperProfile = Depends(require_shopper)) -> says.Rights:
    """Since when the data is restricted, and since when the shopper objects to statistics; null where neither."""
    return says.Rights(restricted_at=_rfc(shopper.restricted_at), objected_at=_rfc(shopper.objected_at))


@router.put("/rights", summary="Restrict processing, object to statistics")
def change_rights(
    body: says.RightsChange,
    request: Request,
    shopper: profiles.ShopperProfile = Depends(require_shopper),
    ctx: AppContext = Depends(context),
) -> says.Rights:
    """`restricted`: everything is kept, and nothing is done with it (GDPR article 18). `objected`: the shopper is part
    of no figure (article 21). What is left out stays as it is. Takes effect with the engine's next step."""
    if body.objected is not None:
        _ask(ctx, request, shopper, "object" if body.objected else "count_again")
    if body.restricted is not None:
        _ask(ctx, request, shopper, "restrict" if body.restricted else "release")
    return my_rights(profiles.get_shopper(ctx.db, shopper.shopper_id))


@pages.get("/data", summary="All my data, as a page")
def data(request: Request, ctx: AppContext = Depends(context)) -> Response:
    """What is kept, in words, and a button for each right. Works without scripts."""
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is None:
        return RedirectResponse(f"/me?lang={language(request)}", 303)
    plan = ctx.plans.get(shopper.store)
    lang, zone = language(request), plan.timezone if plan else "UTC"
    rows = find_held(ctx.db, shopper.shopper_id)
    zones = {z.id: z.name for p in ctx.plans.values() for z in p.zones}
    return page(
        request,
        "data.html",
        shopper=shopper,
        stores={p.store: p.name for p in ctx.plans.values()},
        zones=zones,
        when=lambda t: moment(t, zone, lang),
        log=profiles.consent_log(ctx.db, shopper.shopper_id),
        visits=heatmaps.visits_of(ctx.db, shopper.shopper_id, limit=MANY),
        cards=cards(ctx, vouchers.vouchers_of(ctx.db, shopper.shopper_id, limit=MANY), lang, pictures=False),
        points=(purse := statement(ctx, shopper, lang)),
        worth=worth_of(ctx, shopper.store, purse.available, lang),
        others=sorted((name, len(found)) for name, found in rows.items() if name not in SHOWN_APART),
        backups_days=ctx.config.controller.backups_days,
    )


@pages.post("/rights", summary="Ask for a right by form")
def ask(
    request: Request,
    what: Annotated[Ask, Form()],
    ctx: AppContext = Depends(context),
) -> Response:
    """What the buttons of `/me/data` send. Erasing leads to the front page, signed out, which says so."""
    lang = language(request)
    shopper = known_shopper(ctx, read_cookie(ctx, request, SHOPPER))
    if shopper is None:
        return RedirectResponse(f"/me?lang={lang}", 303)
    if what != "erase":
        _ask(ctx, request, shopper, what)
        return RedirectResponse(f"/me/data?lang={lang}", 303)
    response = RedirectResponse(f"/?erased=1&lang={lang}", 303)
    delete_me(request, response, ctx)
    return response


def _ask(ctx: AppContext, request: Request, shopper: profiles.ShopperProfile, what: Ask) -> None:
    who, now = shopper.shopper_id, time.time()
    if what == "restrict":
        rights.restrict(ctx.db, who, now)
    elif what == "release":
        rights.release(ctx.db, who)
    elif what == "count_again":
        rights.object_to_statistics(ctx.db, who, None)
    else:
        rights.object_to_statistics(ctx.db, who, now)
        choices = refuse_granted(shopper, Purpose.STATISTICS)
        profiles.set_consents(ctx.db, who, choices, TEXT_VERSION, f"rights:{shopper.store}", now)
        if not allows_targeting(shopper.grants):  # no phone is known as theirs: as whoever passes by
            opt_out_phones(ctx.db, shopper.store, who, now)
            ask_release(ctx.db, shopper.store, from_here(ctx, request, PhoneClaim()), now)


def _all_of(ctx: AppContext, shopper: profiles.ShopperProfile) -> dict[str, Any]:
    who = shopper.shopper_id
    return {
        "profile": {
            "shopper_id": who,
            "store": shopper.store,
            "display_name": shopper.display_name,
            "email": shopper.email,
            "locale": shopper.locale,
            "created_at": rfc3339(shopper.created_at),
            "restricted_at": _rfc(shopper.restricted_at),
            "objected_at": _rfc(shopper.objected_at),
        },
        "consents": [
            {
                "purpose": c.purpose,
                "channel": c.channel,
                "granted": c.granted,
                "text_version": c.text_version,
                "place": c.place,
                "at": rfc3339(c.at),
            }
            for c in profiles.consent_log(ctx.db, who)
        ],
        "visits": [
            {"zone": v.zone, "from": rfc3339(v.started_at), "to": rfc3339(v.ended_at), "dwell_s": v.dwell_s}
            for v in heatmaps.visits_of(ctx.db, who, limit=MANY)
        ],
        "spots": [s.model_dump() for s in shown_spots(ctx, shopper, language_of(shopper.locale))],
        "vouchers": [
            c.model_dump(exclude={"qr_svg"})
            for c in cards(ctx, vouchers.vouchers_of(ctx.db, who, limit=MANY), shopper.locale, pictures=False)
        ],
        "now": _now(ctx, shopper),
        "points": statement(ctx, shopper, language_of(shopper.locale), limit=200).model_dump(),
        "held": find_held(ctx.db, who),
    }


def _now(ctx: AppContext, shopper: profiles.ShopperProfile) -> dict[str, Any]:
    """What the engine holds of who is in the shop: the newest place and the visits under way, as it tells the database
    every few seconds; and why no more is copied out."""
    found = last_place(ctx.db, shopper.store, shopper.shopper_id, time.time() - KEPT_S)
    said: dict[str, Any] = {"place": None, "in_zones": [], "engine": words(language_of(shopper.locale)).mine.engine}
    if found is not None:
        said["place"] = {name: getattr(found, name) for name in ("store", "level", "x_m", "y_m", "sigma_m")}
        said["place"]["at"] = rfc3339(found.at)
        said["in_zones"] = [{"zone": zone, "since": rfc3339(since)} for zone, since in found.zones]
    return said


def _text(value: Any) -> str:
    """What JSON has no word for: a database holds bytes, too. Raises TypeError for anything else."""
    if not isinstance(value, bytes):
        raise TypeError(f"no JSON for {type(value).__name__}")
    return base64.b64encode(value).decode()


def _rfc(t: float | None) -> str | None:
    return None if t is None else rfc3339(t)
