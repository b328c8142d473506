"""Every route, with every role and every scope of keys, in one's own store and in another's: cell by cell.

The routes come from the application. A route that asks for no right has to be known here by whom it is for instead, so
that nobody adds one without saying who may call it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.auth import list_route_rights
from api.callers.cookies import MANAGER, PERSON, session_digest, sign
from api.rights import ROLE_RIGHTS, SCOPE_RIGHTS
from engine.config import Config
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.people import make_account
from engine.storage.accounts.sessions import open_session
from engine.storage.database import Database, open_database
from engine.storage.keys import add_key
from engine.vocabulary import Right, Role
from tests.api.site import SECRETS, small_plan
from tests.databases import new_sqlite

OPEN = {
    "the shopper, by a cookie of their own": r"\S+ /(v1/)?me(/.*)?|POST /v1/(sessions|push/ack)",
    "whoever is in the shop's Wi-Fi": r"\S+ /(w/\{store\}|captive|guest/s)(/.*)?",
    "whoever has a link, which is a secret": r"\S+ /(c|id|s|unsubscribe|invitation)/\{token\}(/.*)?",
    "everybody": r"\S+ /(notice|opt-out)/\{store\}(/.*)?|GET /(accessibility|app\.webmanifest|docs|favicon\.ico)?"
    r"|GET /(openapi\.json|sw\.js|till|health|health/live|health/ready)|\* /static",
    "controllers, by a secret or signature per source": r"\S+ /in/\{source\}",
    "the e-mail provider, by its signature": r"POST /v1/mail/events",
    "whoever is about to sign in, or out": r"POST /(manage/sign-in|manage-sign-out|account/sign-in)"
    r"|GET /account/oidc(/back)?",
    "a person, whatever they may do": r"GET /account|POST /account/(password|sessions)",
    "who may see figures: the managers' door stands in front": r"\* /manage",
}
EVERYWHERE = re.compile(r"GET /(metrics|health/cluster|dpo|hq/points|v1/retention)|\S+ /v1/(privacy|loyalty|crm)/\S+")
"""These need their right in all stores, since they say something of all."""
BESIDE = {("GET /v1/till/codes/{store}", "key of web"): 401}
"""What a right alone does not open: an e-shop, which uses tills, has no screen in a store."""
STORES = ("mine", "other")
NOBODY = "nobody"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = open_database(new_sqlite(tmp_path_factory.mktemp("rights") / "rayon.db"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(db: Database, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    config = Config.model_validate({"storage": {"data_dir": str(tmp_path_factory.mktemp("data"))}})
    made = create_app(config, db, SECRETS, {s: small_plan(s) for s in STORES}, start_delivery=False)
    made.state.hub.close()  # streams, which answer for as long as a page is open, end at once
    return made


@pytest.fixture(scope="module")
def callers(db: Database) -> dict[str, dict[str, str]]:
    """The headers of a browser or a program of each role and scope in the store `mine`, and of nobody's."""
    now, found = time.time(), {NOBODY: dict[str, str]()}
    for role in Role:
        with db.write() as session:
            made = make_account(session, COMMAND, role, "", [(role, "mine")], now)
        open_session(db, made.account_id, session_digest(role), "test", "password", now)
        found[role] = {"Cookie": f"{MANAGER}={sign(SECRETS, MANAGER, PERSON + role)}"}
    for scope in SCOPE_RIGHTS:
        found[f"key of {scope}"] = {"Authorization": f"Bearer {add_key(db, scope, now, store='mine')[1]}"}
    return found


def rights_of(caller: str) -> frozenset[Right]:
    if caller == NOBODY:
        return frozenset()
    scope = caller.removeprefix("key of ")
    return ROLE_RIGHTS[Role(caller)] if caller in set(Role) else next(r for s, r in SCOPE_RIGHTS.items() if s == scope)


def expected(route: str, needed: tuple[Right, ...], caller: str, store: str | None) -> int | None:
    """The status that keeps the caller out; None for whoever gets in."""
    person = caller in set(Role)
    if store == "other":
        has_some = rights_of(caller) & set(needed) if not person else {"anything"}
        return 404 if has_some and caller != NOBODY else 401
    if set(needed) <= rights_of(caller) and not EVERYWHERE.fullmatch(route):
        return BESIDE.get((route, caller))
    return 403 if person else 401


async def got(client: httpx.AsyncClient, headers: dict[str, str], route: str, store: str | None) -> int | None:
    """The same, as it is."""
    method, path = route.split(" ", 1)
    filled = re.sub(r"\{(\w+)\}", lambda m: (store or "") if m[1] == "store" else "7", path)
    answer = await client.request(method, filled, headers={"Idempotency-Key": "k", **headers})
    assert answer.status_code < 500, (route, answer.text)
    no_store = answer.status_code == 404 and f"no store '{store}'" in answer.text
    return answer.status_code if answer.status_code in (401, 403) or no_store else None


def test_every_route_asks_for_a_right_or_is_known_to_be_for_somebody_else(app: FastAPI) -> None:
    routes = list_route_rights(app)
    assert len(routes) > 100
    unknown = [
        route
        for route, needed in routes.items()
        if not needed and not any(re.fullmatch(p, route) for p in OPEN.values())
    ]
    assert unknown == [], "give it a right (api.auth.needs), or say here whom it is for"
    both = [route for route, needed in routes.items() if needed and any(re.fullmatch(p, route) for p in OPEN.values())]
    assert both == []
    idle = [why for why, p in OPEN.items() if not any(re.fullmatch(p, route) for route in routes)]
    assert idle == []


def test_every_cell_of_the_table(app: FastAPI, callers: dict[str, dict[str, str]]) -> None:
    routes = {route: needed for route, needed in list_route_rights(app).items() if needed}
    cells = [
        (route, caller, store)
        for route in routes
        if " /manage/" not in route
        for caller in callers
        for store in (STORES if "{store}" in route else (None,))
    ]
    wanted = {cell: expected(cell[0], routes[cell[0]], *cell[1:]) for cell in cells}

    async def ask() -> dict[tuple[str, str, str | None], int | None]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            return {(r, c, s): await got(client, callers[c], r, s) for r, c, s in cells}

    found = asyncio.run(ask())
    assert [f"{cell}: {found[cell]}, not {want}" for cell, want in wanted.items() if found[cell] != want] == []
    assert all(n > 20 for n in Counter(wanted.values()).values())
    assert set(wanted.values()) == {None, 401, 403, 404}


def at_the_door(needed: tuple[Right, ...], caller: str, store: str) -> int | None:
    """What keeps a caller off the pages below /manage. The door comes first, and is for browsers: it sends who may see
    no figures to what is theirs."""
    if caller not in set(Role):
        return 401
    if Right.SEE_FIGURES not in rights_of(caller):
        return 403
    return 404 if store == "other" else None if set(needed) <= rights_of(caller) else 403


def test_every_cell_behind_the_managers_door(app: FastAPI, callers: dict[str, dict[str, str]]) -> None:
    """Whose store is in the address of a page. Live pages are NiceGUI's, which is not started for this."""
    routes = {route: needed for route, needed in list_route_rights(app).items() if " /manage/{store}/" in route}
    wanted = {
        (route, caller, store): at_the_door(needed, caller, store)
        for route, needed in routes.items()
        for caller in callers
        for store in STORES
    }

    async def ask() -> dict[tuple[str, str, str], int | None]:
        found = {}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            for route, caller, store in wanted:
                method, path = route.split(" ", 1)
                filled = re.sub(r"\{\w+\}", "7", path.replace("{store}", store))
                answer = await client.request(method, filled, headers=callers[caller])
                sent_away = answer.status_code == 303 and not answer.headers["location"].startswith("/manage/mine")
                kept_out = answer.status_code in (401, 403) or sent_away or store == "other"
                found[route, caller, store] = answer.status_code if kept_out else None
        return found

    found = asyncio.run(ask())
    assert [f"{cell}: {found[cell]}, not {want}" for cell, want in wanted.items() if found[cell] != want] == []
    assert len(routes) >= 7
