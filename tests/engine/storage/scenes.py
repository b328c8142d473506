"""Small worlds for storage tests: a campaign, a shopper with a phone, a decision, a basket."""

from __future__ import annotations

import json
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from engine.offers.campaigns import Campaign
from engine.offers.caps import Limits
from engine.offers.codes import voucher_code
from engine.offers.discounts import Basket, Line
from engine.offers.messages.choose import MessageRules
from engine.privacy.consent import ConsentChoice
from engine.records import Candidate, Decision, DeviceId, Grounds, Trigger
from engine.storage.database import Database
from engine.storage.messages.decisions import Telling
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import ShopperProfile, SignIn, sign_in
from engine.storage.vouchers.campaigns import put_campaign
from engine.storage.vouchers.claims import claim
from engine.vocabulary import Channel, DecisionOutcome, DecisionReason

STORE = "market"
SECRET = b"a secret of sixteen"
NOW = 1_800_000_000.0
PAGE = ConsentChoice("location_offers", "page", True)
NO_LIMITS = Limits(per_visit=10_000, per_day=10_000, per_week=10_000)
TELLING = Telling(MessageRules(NO_LIMITS, frozenset(Channel)), SECRET)
OFTEN = {"per_day": 100, "per_week": 100}


def campaign(campaign_id: str = "apples", **changes: Any) -> Campaign:
    """20 % off a product of 250, unlimited but for `changes`."""
    spec: dict[str, Any] = {
        "id": campaign_id,
        "name": "Apples",
        "place": {"product": "A1", "radius_m": 3.0},
        "offer": {"kind": "percent", "applies_to": "product", "sku": "A1", "basis_points": 2000},
        "caps": OFTEN,
        "margin_minor": 100,
        "redeem_probability": 0.3,
        "texts": {"fr": {"title": "Pommes", "text": "-20 %"}, "en": {"title": "Apples", "text": "20% off"}},
    }
    return Campaign.model_validate_json(json.dumps(spec | changes))


def proved(device: int, until: float = NOW + 1e9) -> PhoneClaim:
    """A phone that its network sent here with a signature: proved, each time anew."""
    return PhoneClaim(DeviceId(device), redirect=secrets.token_hex(8), redirect_until=until)


def shopper(db: Database, device: int | None = None, *, consents: Sequence[ConsentChoice] = (PAGE,)) -> ShopperProfile:
    """A new profile, by default with offers on the page granted."""
    phone = PhoneClaim() if device is None else proved(device)
    return sign_in(db, SignIn(STORE, phone, None, None, None, "fr", consents, "2026-01", NOW))


def candidate(
    shopper_id: str,
    campaign_id: str = "apples",
    *,
    visit: str = "v1",
    name: str = "d1",
    at: float = NOW,
    worth: int = 50,
) -> Candidate:
    """A candidate as `decide` would make it."""
    trigger = Trigger(f"t-{name}", campaign_id, DeviceId(1), visit, at - 5, at, 0.8, at - 0.1)
    return Candidate(name, trigger, shopper_id, STORE, "EUR", Channel.PAGE, 24.0, worth, 50)


def refusal(shopper_id: str | None, reason: DecisionReason, name: str = "d1") -> Decision:
    """What the pure rules refuse."""
    trigger = Trigger(f"t-{name}", "apples", DeviceId(1), "v1", NOW - 5, NOW, 0.8, NOW - 0.1)
    grounds = Grounds(STORE, "EUR", None, 24.0)
    return Decision(name, trigger, shopper_id, DecisionOutcome.REFUSE, reason, NOW, grounds)


def issue(db: Database, shopper_id: str, campaign_id: str = "apples", **kwargs: Any) -> str:
    """Claims one voucher and returns its id."""
    made = candidate(shopper_id, campaign_id, **kwargs)
    said = claim(db, [made], NO_LIMITS, SECRET, made.trigger.at)
    assert said.vouchers, said.decisions[0].reason
    return said.vouchers[0].voucher_id


def voucher(db: Database, **changes: Any) -> tuple[ShopperProfile, str, str]:
    """(shopper, voucher id, code) of a fresh campaign with `changes`."""
    put_campaign(db, STORE, campaign(**changes))
    who = shopper(db)
    voucher_id = issue(db, who.shopper_id)
    return who, voucher_id, voucher_code(SECRET, voucher_id)


def basket(*lines: tuple[str, int, int], currency: str = "EUR") -> Basket:
    """A basket of (sku, quantity, unit price); one apple pack at 250 by default."""
    return Basket(currency, tuple(Line(sku, n, price) for sku, n, price in lines or [("A1", 1, 250)]))


def at_once(n: int, work: Callable[[int], Any]) -> Counter[str]:
    """Runs `work(0)` to `work(n - 1)` in as many threads, started together; counts results and error codes."""
    start = threading.Barrier(n)
    said: list[str] = [""] * n

    def run(i: int) -> None:
        start.wait()
        try:
            said[i] = str(work(i))
        except Exception as error:  # noqa: BLE001  # the code of a refusal is a result; anything else shows up in the count
            said[i] = getattr(error, "code", f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(said)
