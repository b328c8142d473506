"""The sign of a store as a PDF: A4, in French and English, with the QR of the opt-out page."""

from __future__ import annotations

import time

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from api.context import AppContext, context
from api.drawn.paper import Pdf, can_print, missing_letters
from api.notices import notice_of
from api.texts.catalogue import words
from api.texts.language import LANGUAGES, language

router = APIRouter(tags=["pages"])


@router.get("/opt-out/{store}/sign.pdf", summary="The sign for the shop's door", response_class=Pdf)
def sign(store: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """One page to print. Without the extra `signs`, or where its font lacks letters of the store's name or of who is
    responsible: the opt-out page, which can be printed as well and says so."""
    plan = ctx.plan(store)
    if not can_print():
        return RedirectResponse(f"/opt-out/{store}?lang={language(request)}&pdf=missing", 303)
    from api.privacy.drawn_sign import Side, draw_sign

    notice = notice_of(ctx, language(request))
    sides = []
    for lang in LANGUAGES:
        t = words(lang)
        who = t.notice.who.format(name=notice.controller, address=notice.address, email=notice.email)
        said = [t.opt_out.what, t.opt_out.kept, t.opt_out.sign, who if not notice.missing else t.notice.missing]
        sides.append(Side(lang, t.opt_out.title, said))
    if missing_letters([plan.name, *(text for side in sides for text in side.said)]):
        return RedirectResponse(f"/opt-out/{store}?lang={language(request)}&pdf=letters", 303)
    made = draw_sign(plan.name, sides, f"{ctx.public_url}/opt-out/{store}", time.time())
    name = f'inline; filename="rayon-{store}.pdf"'
    return Pdf(made, headers={"Content-Disposition": name, "Cache-Control": "no-store"})
