"""Every page of the console, by the part of it that it is in, and what there is to click on each.

A new route with a page is missing here until somebody adds it: `unlisted` says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute, iter_route_contexts

from api.managers.console.figures.asked import View
from tests.console.seeded import BUSY, EMPTY, HQ_CAMPAIGN, INVITED, LEVELLED


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """A page by its address without a language. `ready` is there once it is drawn; `clicks` are clicked in turn, each
    once what it leads to is there; `refused` is the status that a browser's console complains of by right."""

    name: str
    path: str
    ready: str = "main"
    clicks: tuple[tuple[str, str], ...] = ()
    refused: int = 0
    signed_out: bool = False


def pages(person: str, campaign: str) -> list[ConsolePage]:
    """All of them, signed out first; `person` is an account's id, `campaign` one of the busy store's."""
    return [*_signed_out(), *_figures(), *_campaigns(campaign), *_hq(), *_people(person), *_others()]


def _signed_out() -> Iterator[ConsolePage]:
    yield ConsolePage("sign-in", f"/manage/{BUSY}/heat", "form", refused=401, signed_out=True)
    yield ConsolePage("invitation", f"/invitation/{INVITED}", "form", signed_out=True)
    yield ConsolePage("invitation-gone", "/invitation/made-up", refused=410, signed_out=True)
    yield ConsolePage("till-signed-out", "/till", "#sign_in:not([hidden])", refused=401, signed_out=True)
    yield ConsolePage("notice", f"/notice/{BUSY}", signed_out=True)
    yield ConsolePage("opt-out", f"/opt-out/{BUSY}", signed_out=True)


def _figures() -> Iterator[ConsolePage]:
    yield ConsolePage("stores", "/manage", ".r-stores b")
    yield ConsolePage("live", f"/manage/{BUSY}", ".r-plan svg")
    yield ConsolePage("live-levels", f"/manage/{LEVELLED}", ".r-plan svg")
    yield ConsolePage("live-empty", f"/manage/{EMPTY}", ".r-plan svg")
    for view in View:
        yield ConsolePage(view.value, f"/manage/{BUSY}/{view}?compare=previous")
        yield ConsolePage(f"{view.value}-empty", f"/manage/{EMPTY}/{view}")
    yield ConsolePage("heat-moment", f"/manage/{BUSY}/heat?at=3")
    yield ConsolePage("heat-levels", f"/manage/{LEVELLED}/heat?compare=previous")
    yield ConsolePage("heat-before", f"/manage/{BUSY}/heat?from=2019-01-01&to=2019-01-07")
    yield ConsolePage("trend-months", f"/manage/{BUSY}/trend?by=month")
    yield ConsolePage("zones-wrong", f"/manage/{BUSY}/zones?from=2031-02-30&compare=sideways")
    yield ConsolePage("share-reviews", f"/share-reviews/{BUSY}")


def _campaigns(campaign: str) -> Iterator[ConsolePage]:
    here, one = f"/campaigns/{BUSY}", f"/campaigns/{BUSY}/{campaign}"
    check, foretell = (("button[value=check]", "#told"),), (("button[value=foretell]", "#told"),)
    yield ConsolePage("campaigns", here)
    yield ConsolePage("campaigns-empty", f"/campaigns/{EMPTY}")
    yield ConsolePage("campaign", one)
    yield ConsolePage("campaign-new", f"{here}/_new")
    yield ConsolePage("campaign-wrong", f"{here}/_new", clicks=check)
    yield ConsolePage("campaign-edit", f"{one}/edit", clicks=foretell)
    yield ConsolePage("campaign-what-if", f"{one}/what-if")
    yield ConsolePage("campaign-results", f"{one}/results")
    yield ConsolePage("messages", f"{here}/_messages")
    yield ConsolePage("campaigns-import", f"{here}/_import")


def _hq() -> Iterator[ConsolePage]:
    here, check = "/hq/campaigns", (("button[value=check]", "#told"),)
    yield ConsolePage("hq", "/hq")
    yield ConsolePage("hq-points", "/hq/points")
    yield ConsolePage("hq-campaign", f"{here}/{HQ_CAMPAIGN}")
    yield ConsolePage("hq-new", f"{here}/_new", clicks=check)
    yield ConsolePage("hq-edit", f"{here}/{HQ_CAMPAIGN}/edit", clicks=check)


def _people(person: str) -> Iterator[ConsolePage]:
    yield ConsolePage("account", "/account")
    yield ConsolePage("people", "/people")
    yield ConsolePage("person", f"/people/{person}")
    yield ConsolePage("audit", "/audit")


def _others() -> Iterator[ConsolePage]:
    yield ConsolePage("till", "/till", "#desk:not([hidden])")
    yield ConsolePage("staff-stores", "/staff")
    yield ConsolePage("staff", f"/staff/{BUSY}")
    yield ConsolePage("dpo", "/dpo")
    yield ConsolePage("health", "/health")
    yield ConsolePage("sources", f"/health/sources/{BUSY}")
    yield ConsolePage("sources-empty", f"/health/sources/{EMPTY}")
    yield ConsolePage("cluster", "/health/cluster")
    yield ConsolePage("docs", "/docs")
    yield ConsolePage("nowhere", f"/manage/nowhere/{View.HEAT}", refused=404)


ELSEWHERE = {
    "shoppers' pages, with walks of their own": r"/((me|w|c|id|s|unsubscribe|captive|guest)(/.*)?|accessibility)?",
    "files that a page shows or saves": r"/campaigns/\{store\}/(_export|_place\.svg|\{campaign_id\}/place\.svg)",
    "leads on to another page": r"/account/oidc(/back)?",
}
"""Pages that are not of the console, by why."""


def unlisted(app: FastAPI, made: list[ConsolePage]) -> list[str]:
    """Paths of pages that no page of the list is at."""
    contexts = iter_route_contexts(app.routes)
    routes = [(c.path, c.route) for c in contexts if isinstance(c.route, APIRoute) and "GET" in (c.methods or ())]
    found = [path for path, route in routes if route.response_class is HTMLResponse]
    known = [page.path.partition("?")[0] for page in made]
    return [
        path
        for path in found
        if not any(re.fullmatch(pattern, path) for pattern in ELSEWHERE.values())
        and not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), at) for at in known)
    ]
