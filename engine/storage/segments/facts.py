"""What is known of one shopper for the segments of the site: only what they ask for, and as far as it was agreed to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, func, select

from engine.commerce.records import OnlineBasket, ProductView, Purchase, Return
from engine.config.segments import JOINED_FACTS, Fact, SegmentConfig
from engine.loyalty.earning import EarnTerms
from engine.loyalty.shopped import deduct_returns
from engine.offers.segments.facts import Came, KeptPurchase, KnownGoods, Looked, ShopperFacts
from engine.presence.own.products import LIKELY
from engine.privacy.consent import Grants, allows_joining
from engine.storage.commerce.events import category_in, event_of, is_named_by
from engine.storage.loyalty.standing import sum_kept_since
from engine.storage.loyalty.wallets import members_within, person_of
from engine.storage.models.commerce import ShopEventTable
from engine.storage.models.identity import IdentifierTable
from engine.storage.models.visits import ProductStopTable, VisitTable
from engine.storage.presence.own_spots import spots_in
from engine.vocabulary import Purpose, ShopEventKind

TARGETED = frozenset({Purpose.LOCATION_OFFERS})
"""What segments are for: without the consent to offers nobody is in any."""
MOST_EVENTS = 2_000
"""Of one shopper, the newest: nobody's rule asks for more."""


def _no_category(store: str, sku: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class SegmentRules:
    """What a site's segments go by: the rules, the programme's terms for tiers, categories of the stores' plans (of any
    store where none is named), and the zones of each store that people may linger in."""

    segments: tuple[SegmentConfig, ...] = ()
    terms: EarnTerms = field(default_factory=EarnTerms)
    category_of: Callable[[str, str], str] = _no_category
    zones: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def asked(self) -> frozenset[Fact]:
        """Which facts they ask for."""
        return frozenset(one.fact for segment in self.segments for one in segment.when)


def facts_of(session: Session, shopper_id: str, grants: Grants, rules: SegmentRules, now: float) -> ShopperFacts:
    """Of a profile that no other has taken over; `grants` are its own."""
    joined, asked = allows_joining(grants, purposes=TARGETED), rules.asked
    visits = _visits(session, shopper_id) if "visits" in asked else ()
    lingers = _lingers(session, shopper_id, rules, now) if "lingers" in asked else frozenset()
    if not joined or not asked & JOINED_FACTS:
        return ShopperFacts(joined, visits=visits, lingers=lingers)
    told = _read_told(session, shopper_id, rules, now)
    stops = _stops(session, shopper_id, rules) if "stops" in asked else ()
    tier = _tier(session, shopper_id, rules.terms, now) if "tier" in asked else ""
    return ShopperFacts(True, *told, stops, visits, lingers, tier)


def _read_told(
    session: Session, shopper_id: str, rules: SegmentRules, now: float
) -> tuple[tuple[KeptPurchase, ...], tuple[Looked, ...], tuple[Looked, ...]]:
    """Purchases, views and baskets that shop systems told of them."""
    table = ShopEventTable
    digests = list(session.exec(select(IdentifierTable.digest).where(col(IdentifierTable.shopper_id) == shopper_id)))
    if not digests:
        return (), (), ()
    kinds = (ShopEventKind.PURCHASE, ShopEventKind.PRODUCT_VIEW, ShopEventKind.BASKET)
    mine = select(table).where(
        is_named_by(digests), col(table.kind).in_([str(kind) for kind in kinds]), col(table.at) <= now
    )
    events = [event_of(row) for row in session.exec(mine.order_by(col(table.at).desc()).limit(MOST_EVENTS))]
    goods = _Goods(session, rules)
    bought = [one for one in events if isinstance(one, Purchase) and not one.voided]
    back = _find_brought_back(session, bought)
    return (
        tuple(_subtract_returns(one, back.get((one.source, one.id), ()), goods) for one in bought),
        tuple(Looked(one.at, (goods.of(one.source, one.sku),)) for one in events if isinstance(one, ProductView)),
        tuple(
            Looked(one.at, tuple(goods.of(one.source, line.sku, line.category) for line in one.lines))
            for one in events
            if isinstance(one, OnlineBasket)
        ),
    )


class _Goods:
    """Products with their categories; each is asked for once."""

    def __init__(self, session: Session, rules: SegmentRules) -> None:
        self._session, self._rules = session, rules
        self._known: dict[tuple[str, str, str], str] = {}

    def of(self, source: str, sku: str, said: str = "", store: str = "", kept_minor: int = 0) -> KnownGoods:
        """A product of this source; its category is what was said, else the plan's, else the catalogue's."""
        key = source, sku, store
        if not said and key not in self._known:
            self._known[key] = self._rules.category_of(store, sku) or category_in(self._session, source, sku)
        return KnownGoods(sku, said or self._known[key], kept_minor)


def _find_brought_back(session: Session, bought: Sequence[Purchase]) -> dict[tuple[str, str], list[Return]]:
    """What came back of these purchases, by their source and id."""
    table = ShopEventTable
    ids = sorted({one.id for one in bought})
    found: dict[tuple[str, str], list[Return]] = defaultdict(list)
    if not ids:
        return found
    for source in sorted({one.source for one in bought}):
        back = select(table).where(
            col(table.source) == source, col(table.kind) == str(ShopEventKind.RETURN), col(table.of).in_(ids)
        )
        for row in session.exec(back):
            event = event_of(row)
            if isinstance(event, Return):
                found[source, event.purchase_id].append(event)
    return found


def _subtract_returns(purchase: Purchase, back: Sequence[Return], goods: _Goods) -> KeptPurchase:
    """What of it was paid and kept. A line that came back whole was not bought."""
    paid, left = deduct_returns(purchase, back)
    lines = tuple(
        goods.of(purchase.source, line.sku, line.category, purchase.store, kept)
        for line, amount, kept in zip(purchase.lines, paid, left, strict=True)
        if kept or not amount
    )
    return KeptPurchase(purchase.at, purchase.channel, purchase.store, purchase.currency, lines)


def _visits(session: Session, shopper_id: str) -> tuple[Came, ...]:
    table = VisitTable
    stays = select(table.store, table.store_visit_id, table.zone, func.min(table.started_at)).where(
        col(table.shopper_id) == shopper_id
    )
    found: dict[tuple[str, str], tuple[float, set[str]]] = {}
    for store, visit, zone, at in session.exec(stays.group_by(table.store, table.store_visit_id, table.zone)):
        began, zones = found.setdefault((store, visit), (float(at), set()))
        found[store, visit] = min(began, float(at)), zones | {zone}
    return tuple(Came(at, store, frozenset(zones)) for (store, _), (at, zones) in sorted(found.items()))


def _stops(session: Session, shopper_id: str, rules: SegmentRules) -> tuple[Looked, ...]:
    table = ProductStopTable
    mine = select(table).where(col(table.shopper_id) == shopper_id, col(table.chance) >= LIKELY)
    return tuple(
        Looked(row.at, (KnownGoods(row.sku, rules.category_of(row.store, row.sku)),), row.store)
        for row in session.exec(mine.order_by(col(table.at).desc()).limit(MOST_EVENTS))
    )


def _lingers(session: Session, shopper_id: str, rules: SegmentRules, now: float) -> frozenset[tuple[str, str]]:
    return frozenset(
        (store, spot.zone)
        for store, zones in rules.zones.items()
        for spot in spots_in(session, shopper_id, store, zones, now)
    )


def _tier(session: Session, shopper_id: str, terms: EarnTerms, now: float) -> str:
    members = members_within(session, person_of(session, shopper_id))
    return terms.tier_of(sum_kept_since(session, members, now - terms.tier_s))
