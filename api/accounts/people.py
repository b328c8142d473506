"""Who may use the console: invite, give and take roles by store, end sessions, close accounts. For administrators.

Who administers a store sees those who are something there; everybody else is not there (404).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.accounts.invitations import new_link
from api.accounts.shown import show_moment, show_roles, show_sessions, show_store
from api.auth import needs, needs_or_nobody
from api.context import AppContext, context
from api.keyring import Grant
from api.manager_login import PEOPLE, sign_in_page
from api.pages import page
from api.texts.catalogue import words
from api.texts.language import Language, language
from engine.errors import NotFound
from engine.privacy.identifiers import normalise
from engine.storage.accounts import people as desk
from engine.storage.accounts import sessions
from engine.storage.accounts.people import ConsoleAccount, LastAdmin, NameTaken, NotYours
from engine.storage.keys import EVERY_STORE
from engine.vocabulary import IdentifierKind, Right, Role

pages = APIRouter(tags=["pages"], default_response_class=HTMLResponse)
Admin = Annotated[Grant, Depends(needs(Right.MANAGE_PEOPLE))]
AdminOrNobody = Annotated[Grant | None, Depends(needs_or_nobody(Right.MANAGE_PEOPLE))]
Text = Annotated[str, Form(max_length=254)]
Answer = tuple[str, int]
"""What the page says, and its status."""


@pages.get(PEOPLE, summary="Who may use the console")
def people_page(request: Request, me: AdminOrNobody, ctx: AppContext = Depends(context)) -> Response:
    """Accounts with their roles, and a form to invite somebody; works without scripts."""
    return sign_in_page(request, PEOPLE) if me is None else _list(ctx, request, me)


@pages.post(PEOPLE, summary="Invite somebody to the console")
def invite(
    request: Request,
    me: Admin,
    name: Text = "",
    email: Text = "",
    role: Text = "",
    store: Text = "",
    ctx: AppContext = Depends(context),
) -> Response:
    """Makes an account with a role in a store, and a link to choose a password: by e-mail, or shown here once."""
    lang = language(request)
    t, address = words(lang), normalise(IdentifierKind.EMAIL, email) if email.strip() else ""
    known, where = _role(role), _store(ctx, me, store)
    wrong = (
        (desk.sign_in_name(name) is None, t.people.bad_name),
        (address is None, t.people.bad_email),
        (known is None, t.people.bad_role),
        (where is None, t.people.bad_store),
    )
    flaws = [said for is_wrong, said in wrong if is_wrong]
    if flaws or known is None or where is None or address is None:
        return _list(ctx, request, me, notice=" ".join(flaws), status=422)
    try:
        made, link = new_link(
            ctx, me.actor, lang,
            lambda session: desk.make_account(session, me.actor, name, address, [(known, where)], time.time()),
        )  # fmt: skip
    except NameTaken:
        return _list(ctx, request, me, notice=t.people.name_taken, status=409)
    except NotYours:
        return _list(ctx, request, me, notice=t.people.not_yours, status=403)
    return _list(ctx, request, me, notice=_say_sent(made, link, lang), link=link)


@pages.get(PEOPLE + "/{account_id}", summary="Somebody who may use the console")
def account_page(account_id: str, request: Request, me: AdminOrNobody, ctx: AppContext = Depends(context)) -> Response:
    """Roles, sessions, a new link, and closing the account."""
    if me is None:
        return sign_in_page(request, f"{PEOPLE}/{account_id}")
    return _one(ctx, request, me, _visible(ctx, me, account_id))


@pages.post(PEOPLE + "/{account_id}/roles", summary="Give or take a role")
def change_role(
    account_id: str,
    request: Request,
    me: Admin,
    do: Annotated[Literal["give", "take"], Form()],
    role: Text = "",
    store: Text = "",
    ctx: AppContext = Depends(context),
) -> Response:
    """A role in a store. The last administrator of all stores stays one."""
    account, t = _visible(ctx, me, account_id), words(language(request))
    known, where = _role(role), _store(ctx, me, store)
    if known is None or where is None:
        return _one(ctx, request, me, account, t.people.bad_store if where is None else t.people.bad_role, 422)
    change = desk.give_role if do == "give" else desk.take_role
    return _do(ctx, request, me, account_id, lambda: change(ctx.db, me.actor, account_id, known, where, time.time()))


@pages.post(PEOPLE + "/{account_id}/state", summary="Close an account, open it again, or erase it")
def change_state(
    account_id: str,
    request: Request,
    me: Admin,
    do: Annotated[Literal["disable", "enable", "erase"], Form()],
    ctx: AppContext = Depends(context),
) -> Response:
    """Closing signs out everywhere at once. The last administrator of all stores cannot be closed."""
    _visible(ctx, me, account_id)
    changes = {"disable": desk.disable_account, "enable": desk.enable_account, "erase": desk.erase_account}
    change = changes[do]
    return _do(ctx, request, me, account_id, lambda: change(ctx.db, me.actor, account_id, time.time()))


@pages.post(PEOPLE + "/{account_id}/sessions", summary="End somebody's sessions")
def end_sessions(
    account_id: str,
    request: Request,
    me: Admin,
    session_id: Annotated[str, Form(max_length=64)] = "",
    ctx: AppContext = Depends(context),
) -> Response:
    """One, or all where none is named."""
    _visible(ctx, me, account_id)
    only = session_id or None
    return _do(
        ctx, request, me, account_id,
        lambda: sessions.end_sessions(ctx.db, me.actor, account_id, time.time(), only),
    )  # fmt: skip


@pages.post(PEOPLE + "/{account_id}/link", summary="A new link to choose a password")
def send_link(account_id: str, request: Request, me: Admin, ctx: AppContext = Depends(context)) -> Response:
    """For an invitation that came late, or a password that was forgotten; links made before end."""
    account, lang = _visible(ctx, me, account_id), language(request)
    try:
        _, link = new_link(ctx, me.actor, lang, lambda _session: account)
    except NotYours:
        return _one(ctx, request, me, account, words(lang).people.not_yours, 403)
    return _one(ctx, request, me, _visible(ctx, me, account_id), _say_sent(account, link, lang), link=link)


def _do(ctx: AppContext, request: Request, me: Grant, account_id: str, change: Callable[[], object]) -> Response:
    """Changes an account and shows it again, or the list where it is none of theirs any more."""
    t = words(language(request))
    try:
        change()
    except LastAdmin:
        return _one(ctx, request, me, _visible(ctx, me, account_id), t.people.last_admin, 409)
    except NotYours:
        return _one(ctx, request, me, _visible(ctx, me, account_id), t.people.not_yours, 403)
    left = any(a.account_id == account_id and _sees(me, a) for a in desk.list_accounts(ctx.db, time.time()))
    path = f"{PEOPLE}/{account_id}" if left else PEOPLE
    return RedirectResponse(f"{path}?lang={language(request)}", 303)


def _visible(ctx: AppContext, me: Grant, account_id: str) -> ConsoleAccount:
    """An account that is something in a store of `me`'s. Raises NotFound."""
    found = desk.get_account(ctx.db, account_id, time.time())
    if not _sees(me, found):
        raise NotFound("no such account")
    return found


def _sees(me: Grant, account: ConsoleAccount) -> bool:
    own = me.where(Right.MANAGE_PEOPLE)
    return EVERY_STORE in own or bool(account.stores() & own)


def _role(text: str) -> Role | None:
    return Role(text) if text in set(Role) else None


def _store(ctx: AppContext, me: Grant, text: str) -> str | None:
    """A store that `me` may give roles in; None for what is none, as for one that is somebody else's."""
    return text if text in dict(_stores(ctx, me, "en")) else None


def _stores(ctx: AppContext, me: Grant, lang: Language) -> list[tuple[str, str]]:
    """Stores that `me` may give roles in, with their names; all of them together last, never taken by chance."""
    own = me.where(Right.MANAGE_PEOPLE)
    known = [*sorted(ctx.plans), EVERY_STORE] if EVERY_STORE in own else sorted(own)
    return [(store, show_store(ctx, store, lang)) for store in known]


def _say_sent(account: ConsoleAccount, link: str | None, lang: Language) -> str:
    t = words(lang)
    if link is None:
        return t.people.sent.format(email=account.email)
    return t.people.hand_over.format(name=account.name)


def _list(
    ctx: AppContext, request: Request, me: Grant, *, notice: str = "", link: str | None = None, status: int = 200
) -> Response:
    lang = language(request)
    found = desk.list_accounts(ctx.db, time.time(), me.where(Right.MANAGE_PEOPLE))
    return page(
        request,
        "people.html",
        status,
        here=PEOPLE,
        accounts=[_show(ctx, me, account, lang) for account in found],
        notice=notice,
        link=link,
        **_choices(ctx, me, lang),
    )


def _one(
    ctx: AppContext,
    request: Request,
    me: Grant,
    account: ConsoleAccount,
    notice: str = "",
    status: int = 200,
    link: str | None = None,
) -> Response:
    lang, now = language(request), time.time()
    own = me.where(Right.MANAGE_PEOPLE)
    return page(
        request,
        "person.html",
        status,
        here=f"{PEOPLE}/{account.account_id}",
        account=_show(ctx, me, account, lang),
        whole=EVERY_STORE in own or account.stores() <= own,
        sessions=show_sessions(ctx, account, None, lang, now),
        me=account.account_id == me.account_id,
        notice=notice,
        link=link,
        **_choices(ctx, me, lang),
    )


def _choices(ctx: AppContext, me: Grant, lang: Language) -> dict[str, Any]:
    t = words(lang)
    return {
        "role_choices": [(role, t.roles[role]) for role in Role],
        "store_choices": _stores(ctx, me, lang),
        "mails": ctx.mailer is not None,
        "audit": me.may_somewhere(Right.SEE_AUDIT),
    }


def _show(ctx: AppContext, me: Grant, account: ConsoleAccount, lang: Language) -> dict[str, Any]:
    """An account as far as `me` has to do with it: what it is in others' stores is not said."""
    until, own = account.invited_until, me.where(Right.MANAGE_PEOPLE)
    roles = [(role, store) for role, store in account.roles if EVERY_STORE in own or store in own]
    return {
        "id": account.account_id,
        "name": account.name,
        "email": account.email,
        "roles": show_roles(ctx, roles, lang),
        "closed": account.disabled_at is not None,
        "waits": not (account.has_password or account.has_oidc),
        "until": None if until is None else show_moment(ctx, until, lang),
    }
