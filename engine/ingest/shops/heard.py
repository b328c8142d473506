"""What every decoder of a shop system takes and gives.

A decoder is a pure function `(VendorMessage, ShopTold) -> ShopDecoded`. Addresses and numbers of customers are turned
into digests as they are read: nothing that it gives holds one. An event is whole or refused; never half of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from engine.commerce.records import Customer, ShopEvent
from engine.ingest.decoders.heard import VendorMessage
from engine.vocabulary import OrderState, RecordRefusal

Digest = Callable[[str, str, str], str]
"""(source, `email`, `card` or `account`, text as written) to a keyed digest; empty for what can be none."""


@dataclass(frozen=True, slots=True)
class ShopTold:
    """What the operator told of a shop's source.

    `currency` is for what names none, `currencies` by the source's own numbers; `zone` for times without one; `places`
    are stores by the source's names of its locations, `states` orders' states by its names of those. `stores` are all
    that it may speak of; empty for any.
    """

    source: str
    digest: Digest
    currency: str = ""
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    currencies: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, OrderState] = field(default_factory=dict)
    stores: frozenset[str] = frozenset()

    def customer(self, email: object = "", card: object = "", account: object = "") -> Customer:
        """Who it was, by digests of what the source says."""
        return Customer(self._digest("email", email), self._digest("card", card), self._digest("account", account))

    def _digest(self, kind: str, said: object) -> str:
        text = said if isinstance(said, str) else str(said) if type(said) is int and said > 0 else ""
        return self.digest(self.source, kind, text) if 0 < len(text) <= 300 else ""

    def __repr__(self) -> str:
        return f"ShopTold({self.source})"


@dataclass(slots=True)
class ShopDecoded:
    """What one message says. `refused` counts records that give nothing, by reason; `ignored` messages are well-formed
    and about something else. `wrong` is what was wrong with the first record of a reason, where that is known: for its
    sender and no log, since it may name what they sent."""

    events: list[ShopEvent] = field(default_factory=list)
    refused: dict[RecordRefusal, int] = field(default_factory=dict)
    ignored: int = 0
    wrong: dict[RecordRefusal, str] = field(default_factory=dict)

    def refuse(self, reason: RecordRefusal, wrong: str = "") -> None:
        """Counts a record that gives nothing."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        if wrong:
            self.wrong.setdefault(reason, wrong)


ShopDecoder = Callable[[VendorMessage, ShopTold], ShopDecoded]
"""Raises `MessageRefused` for a message that cannot be used at all, and nothing else, whatever the bytes."""
