"""Systems that speak Rayon's own form: the tills, the shop's pages and its app; and an e-shop that does, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulators.shops.posting import Posting, delivery_of, pack
from simulators.shops.said import Said


def posting(source: str, said: Sequence[Said]) -> Posting:
    """One message with these events, sent at the time of the last of them."""
    forms = [one.form for one in said]
    names = [f"{form['kind']}:{form['id']}:{form['version']}" for form in forms]
    return Posting(source, "shop", said[-1].at, delivery_of(source, *names), pack({"events": forms}))


def in_batches(source: str, said: Sequence[Said], most: int) -> Iterator[Posting]:
    """The same of many events, so many to a message."""
    for k in range(0, len(said), most):
        yield posting(source, said[k : k + most])
