"""All that the systems of a shop post of some events, in one of four e-shops' words; and what the wire does to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from zoneinfo import ZoneInfo

import numpy as np

from simulators.shops import own, prestashop, shopify, woocommerce
from simulators.shops.book import OrderBook, OrderNow
from simulators.shops.posting import PICKUP, FakeShop, Kind, ShopPosting
from simulators.shops.said import SaidEvent, Speaker

FAKES: dict[Kind, Callable[[OrderNow, FakeShop], Iterator[ShopPosting]]] = {
    "shopify": shopify.postings,
    "woocommerce": woocommerce.postings,
    "prestashop": prestashop.postings,
}
"""What an e-shop posts when an order changes; `shop` stands for one that speaks Rayon's own form."""
BATCH, BATCH_S = 100, 3600.0


@dataclass(frozen=True, slots=True)
class Disorder:
    """What happens between a shop and us, shares of messages: sent twice (the answer was lost), and late by so many
    seconds on average, so that others overtake it."""

    twice_share: float = 0.0
    late_share: float = 0.0
    late_s: float = 3600.0


def postings_of(events: Sequence[SaidEvent], wire: Kind, zone: ZoneInfo, batch_s: float = BATCH_S) -> list[ShopPosting]:
    """All messages in the order in which they are sent: of the e-shop in its `wire`, of pages, app and tills in
    Rayon's own form, those of `batch_s` together, BATCH at most to a message."""
    shop, book = FakeShop(str(Speaker.ESHOP), zone), OrderBook()
    found: list[ShopPosting] = []
    for speaker in Speaker:
        theirs = [said for said in events if said.speaker is speaker]
        if speaker is not Speaker.ESHOP:
            for _, together in groupby(theirs, key=lambda said: int(said.at // batch_s)):
                found += own.in_batches(str(speaker), list(together), BATCH)
        elif wire == "shop":
            found += [own.posting(str(speaker), [said]) for said in theirs]
        else:
            for said in theirs:
                now = book.take(said)
                found += [] if now is None else FAKES[wire](now, shop)
    return sorted(found, key=lambda posting: posting.at)


def disturb(postings: Sequence[ShopPosting], disorder: Disorder, rng: np.random.Generator) -> list[ShopPosting]:
    """The same as they arrive: some late, some again a while after."""
    twice, late = rng.random((2, len(postings)))
    delays_s = rng.exponential(disorder.late_s, (2, len(postings)))
    arriving = []
    for k, posting in enumerate(postings):
        at = posting.at + (float(delays_s[0, k]) if late[k] < disorder.late_share else 0.0)
        arriving.append((at, posting))
        if twice[k] < disorder.twice_share:
            arriving.append((at + float(delays_s[1, k]), posting))
    return [posting for _, posting in sorted(arriving, key=lambda pair: pair[0])]


def postpone(events: Sequence[SaidEvent], by_s: float) -> list[SaidEvent]:
    """The same events so many whole seconds later, in every time that they name."""
    return [replace(said, at=said.at + by_s, form=_move(said.form, by_s)) for said in events]


def _move(form: dict[str, object], by_s: float) -> dict[str, object]:
    times = {key: value + by_s for key, value in form.items() if key == "at" and isinstance(value, float)}
    version = form.get("version")
    grown = {"version": version + int(by_s)} if isinstance(version, int) and version > 1 else {}
    return {**form, **times, **grown}


OPTIONS: dict[Kind, dict[str, str]] = {
    "shop": {},
    "shopify": {"states": f"{shopify.READY_TAG}=ready"},
    "woocommerce": {"states": f"{woocommerce.READY_STATE}=ready"},
    "prestashop": {"states": f"{prestashop.READY_STATE}=ready"},
}
"""Of the e-shop's source, beside its places and currencies."""


def sources_of(wire: Kind, store: str, currency: str, timezone: str, secret_env: str) -> list[dict[str, object]]:
    """The `sources:` of a site that listens to these shops: a source each for e-shop, pages, app and tills."""
    at = prestashop.COLLECTS if wire == "prestashop" else PICKUP
    told = {"currency": currency, "timezone": timezone, "places": f"{at}={store}", **OPTIONS[wire]}
    told |= {"currencies": f"{prestashop.CURRENCY_NUMBER}={currency}"} if wire == "prestashop" else {}
    kinds = {speaker: wire if speaker is Speaker.ESHOP else "shop" for speaker in Speaker}
    return [
        {"name": str(speaker), "kind": kind, "stores": [store], "receiver": True, "secret_env": secret_env}
        | ({"options": told} if speaker is Speaker.ESHOP else {})
        for speaker, kind in kinds.items()
    ]
