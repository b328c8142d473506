"""What people did in the console: the audit log as a page, newest first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from api.accounts.shown import show_moment, show_store
from api.auth import needs_or_nobody
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import AUDIT, sign_in_page
from api.pages import page
from api.texts.catalogue import words
from api.texts.language import Language, language
from engine.storage.accounts.audit import AuditEntry, entries
from engine.vocabulary import AuditAction, Right, Role

SHOWN = 100
KNOWN_BY_NUMBER = (AuditAction.PICKUP_HANDED_OVER,)
"""Orders: their shoppers and the shop system name them so."""
pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@pages.get(AUDIT, summary="What people did in the console")
def audit_page(
    request: Request,
    me: Annotated[Grant | None, Depends(needs_or_nobody(Right.SEE_AUDIT))],
    before: Annotated[int | None, Query(ge=1)] = None,
    account: Annotated[str, Query(max_length=64)] = "",
    ctx: AppContext = Depends(context),
) -> Response:
    """Lines of the stores that the reader may audit, of one account where one is named. Nobody can change them."""
    if me is None:
        return sign_in_page(request, AUDIT)
    lang = language(request)
    t = words(lang)
    found = entries(ctx.db, me.where(Right.SEE_AUDIT), before=before, limit=SHOWN + 1, account_id=account)
    lines = [
        {
            "when": show_moment(ctx, e.at, lang),
            "who": e.who,
            "what": t.audit_actions[e.action],
            "whom": _whom(e),
            "where": show_store(ctx, e.store, lang),
            "about": _about(e, lang),
        }
        for e in found[:SHOWN]
    ]
    older = found[SHOWN - 1].number if len(found) > SHOWN else None
    return page(request, "audit.html", here=AUDIT, lines=lines, older=older, account=account)


def _whom(entry: AuditEntry) -> str:
    """Whom or what it was done to: by its name, or by its number where people know it by that. An account's number, or
    a visitor's, says nothing to anybody."""
    known = not entry.account_id or entry.action in KNOWN_BY_NUMBER
    return entry.detail.get("name", entry.subject if known else "")


def _about(entry: AuditEntry, lang: Language) -> str:
    """The rest of a line: a role by its name, everything else as it was written down."""
    t, said = words(lang), []
    for key, value in entry.detail.items():
        if key == "role" and value in set(Role):
            value = t.roles[value]
        if key == "by":
            value = t.audit_ways[value]
        if key != "name":
            said.append(value)
    return ", ".join(said)
