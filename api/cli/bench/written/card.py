"""How long a clerk waits for the card of somebody who bought much, in a shop that sold much: by HTTP, on SQLite."""

from __future__ import annotations

import secrets
import tempfile
import time
from importlib.resources import as_file, files
from typing import Any

import httpx
import numpy as np

from api.server import run_api
from engine.commerce.records import Customer, OrderLine, Purchase
from engine.config import Config
from engine.loyalty.ledger import PROGRAMME, earn
from engine.plan.load import load_plan
from engine.privacy.consent import ConsentChoice
from engine.privacy.passwords import hash_password
from engine.privacy.secrets import Secrets
from engine.storage.accounts.audit import COMMAND
from engine.storage.accounts.invitations import make_link, use_link
from engine.storage.accounts.people import make_account
from engine.storage.clerks.recognitions import choose_recognition, visitors
from engine.storage.commerce.events import keep_events
from engine.storage.database import Database, open_database
from engine.storage.last_places import LastPlace, note_places
from engine.storage.loyalty.ledger import post
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.shoppers import DeviceLinkTable
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, sign_in
from engine.vocabulary import Channel, EntryKind, Purpose, Role, SalesChannel

SECRETS = Secrets(b"of the bench, and of nobody else", "manager-key-of-the-bench", "till-key-of-the-bench")
PASSWORD = secrets.token_urlsafe(16)
SOLD, BOUGHT, EARNED, LOOKS = 5_000, 200, 200, 60
QUICK = 20
"""By so much fewer of all of it where time is short."""


def measure_card(quick: bool) -> dict[str, Any]:
    """The 95th percentile of what a clerk waits, in milliseconds, after one look to warm up."""
    part = QUICK if quick else 1
    with (
        tempfile.TemporaryDirectory(prefix="rayon-bench-") as folder,
        as_file(files("floorplans") / "boutique") as at,
    ):
        plan, db = load_plan(at), open_database(f"sqlite:///{folder}/rayon.db")
        try:
            visitor = _visitor(db, plan.store, part)
            config = Config.model_validate({"api": {"port": 0}})
            server = run_api(config, db, SECRETS, {plan.store: plan}, start_delivery=False).start()
            try:
                waited_ms = _look(server.url, plan.store, visitor, LOOKS // part)
            finally:
                server.stop()
        finally:
            db.close()
    return {"clerks_card_p95_ms": float(np.quantile(waited_ms, 0.95))}


def _visitor(db: Database, store: str, part: int) -> str:
    """Somebody who is here, chose to be recognised, bought and earned much; and a clerk."""
    now = time.time()
    agreed = [ConsentChoice(Purpose.LOCATION_OFFERS, Channel.PAGE, True)]
    member = sign_in(db, SignIn(store, PhoneClaim(), None, "Jeanne", None, "fr", agreed, "bench", now))
    with db.write() as session:
        known = IdentifierTable(kind="card", digest="c" * 64, shopper_id=member.shopper_id, sealed="", verified_at=now)
        session.add(known)
        whose = member.shopper_id
        session.add(DeviceLinkTable(store=store, device="7" * 16, shopper_id=whose, linked_at=now, proof="redirect"))
        clerk = make_account(session, COMMAND, "Ada", "ada@example.org", [(Role.CLERK, store)], now)
        make_link(session, COMMAND, clerk.account_id, "link of the bench", now)
    use_link(db, "link of the bench", hash_password(PASSWORD), now)
    everybody = [_purchase(store, n, now, n < BOUGHT // part) for n in range(SOLD // part)]
    for n in range(0, len(everybody), 500):
        keep_events(db, everybody[n : n + 500], now)
    for n in range(EARNED // part):
        post(db, earn(f"bench:{n}", PROGRAMME, EntryKind.PURCHASE, member.member_id, 10, now))
    note_places(db, [LastPlace(store, member.shopper_id, "0", 2.0, 2.0, 1.5, now)])
    choose_recognition(db, store, member.shopper_id, "bench", now)
    return visitors(db, store, now)[0].visitor


def _purchase(store: str, n: int, now: float, hers: bool) -> Purchase:
    lines = tuple(OrderLine(str(i), f"SKU-{i}", 1_000, 990) for i in range(3))
    who = Customer(card="c" * 64 if hers else f"{n:064x}")
    return Purchase("bench", str(n), 1, now - 60.0 * n, SalesChannel.STORE, "EUR", 2_970, lines, who, store)


def _look(url: str, store: str, visitor: str, looks: int) -> list[float]:
    waited_ms = []
    with httpx.Client(base_url=url, timeout=60.0, headers={"Accept": "application/json", "Origin": url}) as clerk:
        said = clerk.post("/account/sign-in", data={"name": "Ada", "password": PASSWORD})
        assert said.status_code == 303, said.text
        for _ in range(looks + 1):
            began = time.perf_counter()
            clerk.post(f"/v1/staff/{store}/visitors/{visitor}/card").raise_for_status()
            waited_ms.append(1000.0 * (time.perf_counter() - began))
    return waited_ms[1:]
