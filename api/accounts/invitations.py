"""Links by which people choose a password: made for an invitation or a forgotten one, used once.

Opening a link changes nothing, since mail scanners open links: the page behind it has a form.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.accounts.entering import enter
from api.accounts.sign_in import Password
from api.context import AppContext, context
from api.manager_login import PREFIX, sign_in_page
from api.pages import LetterLink, page, render_letter
from api.ratelimits import RateLimits, line_of, rate_limits
from api.texts.catalogue import words
from api.texts.language import Language, language
from engine.privacy.passwords import LEAST_CHARS, flaw_of, hash_password
from engine.storage.accounts import invitations
from engine.storage.accounts.audit import Actor
from engine.storage.accounts.people import ConsoleAccount, get_account
from engine.storage.sending.letters import Letter, queue_letter
from engine.vocabulary import InvitationFate, PasswordFlaw

WRONG_LINKS_PER_MINUTE = 30  # of an address
INVITATION = "/invitation"
pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


def link_digest(token: str) -> str:
    """A link as the database knows it: who reads the table opens nothing."""
    return hashlib.sha256(f"invitation|{token}".encode()).hexdigest()


def new_link(
    ctx: AppContext, by: Actor, lang: Language, whose: Callable[[Any], ConsoleAccount]
) -> tuple[ConsoleAccount, str | None]:
    """Makes a link for the account that `whose` finds or makes, and sends it, in one transaction. Where no letter can
    go, the link is given, to be handed over. Raises NotYours, and what `whose` raises."""
    token, now = secrets.token_urlsafe(24), time.time()
    url = f"{ctx.public_url}{INVITATION}/{token}"
    with ctx.db.write() as session:
        account = whose(session)
        invitations.make_link(session, by, account.account_id, link_digest(token), now)
        if ctx.mailer is None or not account.email:
            return account, url
        letter = _letter(account, url, by.name, lang)
        queue_letter(session, letter, f"invitation|{link_digest(token)}", now, now + invitations.LINK_S)
    return account, None


@pages.get(INVITATION + "/{token}", summary="A link to choose a password")
def look(token: str, request: Request, ctx: AppContext = Depends(context)) -> Response:
    """Says whose account it is for, with a form; looking does nothing, however often."""
    return _page(request, token, *invitations.look_at_link(ctx.db, link_digest(token), time.time()))


@pages.post(INVITATION + "/{token}", summary="Choose a password by a link")
def use(
    token: str,
    request: Request,
    new: Password,
    again: Password,
    ctx: AppContext = Depends(context),
    limits: RateLimits = Depends(rate_limits),
) -> Response:
    """Gives the account its password and signs this browser in, once. Nobody guesses 24 random bytes, so a link is
    looked up first: neighbours' wrong ones keep nobody from a right one."""
    t, digest = words(language(request)), link_digest(token)
    fate, name = invitations.look_at_link(ctx.db, digest, time.time())
    if fate is not InvitationFate.OPEN:
        if fate is InvitationFate.UNKNOWN:
            limits.spend("invitation", line_of(request), WRONG_LINKS_PER_MINUTE)
        return _page(request, token, fate, "")
    flaw = flaw_of(new, [name]) if new == again else PasswordFlaw.DIFFERENT
    if flaw is not None:
        return _page(request, token, fate, name, t.password_flaws[flaw])
    fate, account_id = invitations.use_link(ctx.db, digest, hash_password(new), time.time())
    if fate is not InvitationFate.OPEN:
        return _page(request, token, fate, "")
    account = get_account(ctx.db, account_id, time.time())
    response = RedirectResponse(PREFIX, 303)
    if not enter(ctx, request, response, account_id, account.name, "link"):
        return sign_in_page(request, PREFIX, wrong="password")
    return response


def _page(request: Request, token: str, fate: InvitationFate, name: str, wrong: str = "") -> Response:
    t = words(language(request))
    status = 422 if wrong else 200 if fate is InvitationFate.OPEN else 410
    return page(
        request,
        "invitation.html",
        status,
        fate=fate,
        said=t.invitation_fates[fate],
        token=token,
        name=name,
        wrong=wrong,
        least=LEAST_CHARS,
    )


def _letter(account: ConsoleAccount, url: str, by: str, lang: Language) -> Letter:
    t = words(lang)
    lead, good = t.invitation.letter.format(name=account.name, by=by), t.invitation.good
    html = render_letter(lang, t.invitation.subject, [lead, LetterLink(url, url), good])
    return Letter(account.email, t.invitation.subject, f"{lead}\n\n{url}\n\n{good}\n", html)
