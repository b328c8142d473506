"""How a site declares the systems of the simulated shops, and what their messages come to once they are decoded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from engine.commerce.records import ShopEvent
from engine.config import SourceConfig
from engine.ingest.decoders.heard import VendorMessage
from engine.ingest.sources.shops import ShopSource, declare_shops
from simulators.shops.play import sources_of
from simulators.shops.posting import Kind, ShopPosting, headers_of

SECRET = "whsec_bWFkZS11cCBrZXkgb2YgdGhlIHNob3Bz"  # "made-up key of the shops"
VARIABLE = "T_SIMULATED_SHOPS"
WIRES: tuple[Kind, ...] = ("shop", "shopify", "woocommerce", "prestashop")


@cache
def digest(source: str, kind: str, said: str) -> str:
    """A digest as good as any, without a secret."""
    whose = source if kind == "account" else ""
    return hashlib.sha256(f"{kind}|{whose}|{said.strip().lower()}".encode()).hexdigest()


def declared(wire: Kind, store: str = "small") -> dict[str, ShopSource]:
    """The sources of a shop of that wire, by name, as `docs/guides/shop.md` has them."""
    configs = [SourceConfig.model_validate(said) for said in sources_of(wire, store, "EUR", "Europe/Paris", VARIABLE)]
    return declare_shops(configs, [store], {VARIABLE: SECRET}, digest)


@dataclass
class Heard:
    """Newest versions by source, kind and id; and what was refused or ignored."""

    events: dict[tuple[str, str, str], ShopEvent] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    ignored: int = 0

    def of(self, kind: str) -> list[ShopEvent]:
        """All of a kind."""
        return [event for (_, one, _), event in sorted(self.events.items()) if one == kind]


def hear(wire: Kind, postings: Iterable[ShopPosting], now: float) -> Heard:
    """Checks and decodes them as the intake does, and keeps the newest version of each event."""
    sources, heard = declared(wire), Heard()
    for posting in postings:
        source = sources[posting.source]
        headers = {name.lower(): value for name, value in headers_of(posting, SECRET, now).items()}
        message = VendorMessage(posting.body, now, headers=headers)
        assert source.may_speak(headers)
        source.check(message)
        decoded = source.decode(message)
        heard.refused += [str(reason) for reason in decoded.refused]
        heard.ignored += decoded.ignored
        for event in decoded.events:
            key = (event.source, str(event.kind), event.id)
            if key not in heard.events or event.version > heard.events[key].version:
                heard.events[key] = event
    return heard
