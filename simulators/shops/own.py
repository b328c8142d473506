"""Systems that speak Rayon's own form: the tills, the shop's pages and its app; and an e-shop that does, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulators.shops.posting import ShopPosting, delivery_of, pack
from simulators.shops.said import SaidEvent


def posting(source: str, said: Sequence[SaidEvent]) -> ShopPosting:
    """One message with these events, sent at the time of the last of them."""
    forms = [one.form for one in said]
    names = [f"{form['kind']}:{form['id']}:{form['version']}" for form in forms]
    return ShopPosting(source, "shop", said[-1].at, delivery_of(source, *names), pack({"events": forms}))


def in_batches(source: str, said: Sequence[SaidEvent], most: int) -> Iterator[ShopPosting]:
    """The same of many events, so many to a message."""
    for k in range(0, len(said), most):
        yield posting(source, said[k : k + most])
