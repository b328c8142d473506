"""Accounts as pages show them: roles with their store's name, sessions with their day, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from api.context import AppContext
from api.texts.catalogue import words
from api.texts.language import Language
from api.texts.times import clock, short_date
from engine.storage.accounts.people import ConsoleAccount, Hold
from engine.storage.accounts.sessions import sessions_of
from engine.storage.keys import EVERY_STORE


def show_store(ctx: AppContext, store: str, lang: Language) -> str:
    """What people call a store; its id where there is no plan of it any more."""
    t = words(lang)
    if store == EVERY_STORE:
        return t.people.every_store
    return ctx.plans[store].name if store in ctx.plans else store


def show_roles(ctx: AppContext, roles: Iterable[Hold], lang: Language) -> list[dict[str, str]]:
    """Each role with its name and its store's."""
    t = words(lang)
    return [
        {"role": role, "store": store, "name": t.roles[role], "where": show_store(ctx, store, lang)}
        for role, store in roles
    ]


def show_sessions(
    ctx: AppContext, account: ConsoleAccount, here: str | None, lang: Language, now: float
) -> list[dict[str, Any]]:
    """Where an account is signed in; `here` is the session of the browser that looks."""
    return [
        {
            "id": s.session_id,
            "label": s.label,
            "here": s.session_id == here,
            "since": show_moment(ctx, s.made_at, lang),
            "seen": show_moment(ctx, s.seen_at, lang),
        }
        for s in sessions_of(ctx.db, account.account_id, now)
    ]


def show_moment(ctx: AppContext, t: float, lang: Language) -> str:
    """Day and time by the clock of the site's first store."""
    zone = next((plan.timezone for plan in ctx.plans.values()), "UTC")
    return f"{short_date(t, zone, lang)} {clock(t, zone)}"
