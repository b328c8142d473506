"""Triggers become decisions and vouchers: the pure rules first, then the claim in the database, event by event."""

from __future__ import annotations

import logging
from collections import ChainMap, Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.commerce.stock import Shelf
from engine.config import Config
from engine.delivery.opening import decision_rules, limits_of
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign
from engine.offers.decide import Book, DecisionRules, campaign_book, decide
from engine.offers.interests.condition import Interested
from engine.offers.next_best.model import NextBest
from engine.plan.model import Plan
from engine.records import Trigger
from engine.storage.commerce.stock import stock_here
from engine.storage.database import Database
from engine.storage.figures.segment_spans import spans_of
from engine.storage.leases import Lease
from engine.storage.people.opt_outs import list_opted_out
from engine.storage.people.shoppers import linked_devices, links_version
from engine.storage.told.touches import with_touches
from engine.storage.versions import version
from engine.storage.vouchers.campaigns import campaigns_version, stored_specs
from engine.storage.vouchers.claims import Verdicts, claim, record_refusals
from engine.storage.vouchers.fitting.learning import fits_of, model_of
from engine.vocabulary import DecisionReason

log = logging.getLogger(__name__)


class OfferDesk:
    """A store's campaigns and linked shoppers as of the last look at the database, and the decisions taken on them."""

    def __init__(self, plan: Plan, config: Config, db: Database, secret: bytes, lease: Lease | None = None) -> None:
        self.links: dict[int, LinkedShopper] = {}
        self.opted_out: frozenset[int] = frozenset()
        self.withdrawn: set[int] = set()
        """Devices that were linked, and are not since a look that nobody has heeded yet."""
        self.counts: Counter[DecisionReason] = Counter()
        self.campaigns: list[Campaign] = []
        self._plan, self._db, self._secret, self._lease = plan, db, secret, lease
        self._book = campaign_book([], plan)
        self._limits = limits_of(config)
        self._rules = decision_rules(config)
        self._versions = (-1, -1)
        self._believed_s = config.offers.stock_believed_s
        self._stock_version = -1
        self._model: NextBest | None = None
        self._named: set[str] = set()

    def refresh(self) -> bool:
        """Takes over campaigns, links and stock where their versions moved. True when campaigns or links did."""
        store = self._plan.store
        versions = (campaigns_version(self._db, store), links_version(self._db, store))
        stock_moved = (stock := version(self._db, store, "stock")) != self._stock_version
        if versions == self._versions:
            if stock_moved:
                self._book, self._stock_version = self._with_stock(self._book), stock
            return False
        self.campaigns = self._load_campaigns()
        self._book, self._stock_version = self._with_stock(campaign_book(self.campaigns, self._plan)), stock
        before, self.links = self.links.keys(), linked_devices(self._db, store)
        self.withdrawn = (self.withdrawn | (before - self.links.keys())) - self.links.keys()
        self.opted_out = list_opted_out(self._db, store)
        self._model = model_of(self._db, store)
        self._versions = versions
        return True

    def _with_stock(self, book: Book) -> Book:
        told = stock_here(self._db, self._plan.store, book.products())
        return replace(book, shelf=Shelf(told, self._believed_s))

    def _with_touches(
        self, triggers: Sequence[Trigger], links: Mapping[int, LinkedShopper], now: float
    ) -> Mapping[int, LinkedShopper]:
        """The same with what they are after, where a campaign of these triggers asks for it."""
        asked: dict[int, list[Interested]] = {}
        for trigger in triggers:
            terms = self._book.terms.get(trigger.campaign_id)
            wanted = terms.campaign.audience.interested if terms is not None else None
            if wanted is not None and trigger.device in links:
                asked.setdefault(trigger.device, []).append(wanted)
        products = {p.sku: p.category for p in self._plan.products} if asked else {}
        found = {d: with_touches(self._db, links[d], of, products, now) for d, of in asked.items()}
        return ChainMap(found, dict(links)) if found else links

    def _load_campaigns(self) -> list[Campaign]:
        """Those that can be used; one line for each that an older version wrote otherwise than this one takes it."""
        specs = stored_specs(self._db, self._plan.store)
        for name, spec in specs.items():
            said = "is left out" if spec.campaign is None else "is used as near to that as it goes"
            if not spec.as_written and name not in self._named:
                log.warning("%s: campaign %s %s: %s", self._plan.store, name, said, "; ".join(spec.mended + spec.wrong))
        self._named = {name for name, spec in specs.items() if not spec.as_written}
        return [spec.campaign for spec in specs.values() if spec.campaign is not None]

    def _find_linked(self, triggers: Sequence[Trigger]) -> Mapping[int, LinkedShopper]:
        """The linked shoppers; those of triggers whose campaign asks for a segment, with the segments they are in."""
        asking = {name for name, terms in self._book.terms.items() if terms.campaign.audience.segments}
        asked = {t.device: self.links[t.device] for t in triggers if t.campaign_id in asking and t.device in self.links}
        if not asked:
            return self.links
        spans = spans_of(self._db, {who.shopper_id for who in asked.values()})
        found: dict[int, LinkedShopper] = {}
        for device, who in asked.items():
            found[device] = replace(who, segments=spans.get(who.shopper_id, ()))
        return ChainMap(found, self.links)

    def _fit_rules(self, triggers: Sequence[Trigger], now: float) -> DecisionRules:
        """The rules with what the store's model makes of these shoppers and products, where it has learnt one."""
        if self._model is None:
            return self._rules
        wanted, near = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
        for trigger in triggers:
            who, terms = self.links.get(trigger.device), self._book.terms.get(trigger.campaign_id)
            if who is not None and terms is not None and terms.about.sku is not None:
                wanted[who.shopper_id].add(terms.about.sku)
                if terms.campaign.place.product == terms.about.sku:
                    near[who.shopper_id].add(terms.about.sku)
        return replace(self._rules, fits=fits_of(self._db, self._model, wanted, near, now))

    def decide(self, triggers: Sequence[Trigger], now: float) -> Verdicts:
        """Final decisions for these triggers. Idempotent by decision id: asked again, it gives what was stored.

        Raises LeaseLost where another engine runs the store.
        """
        if not triggers:
            return Verdicts()
        known = self._with_touches(triggers, self._find_linked(triggers), now)
        judged = decide(triggers, self._book, known, now, self._fit_rules(triggers, now))
        record_refusals(self._db, judged.refused, lease=self._lease)
        claimed = [
            claim(self._db, event, self._limits, self._secret, now, lease=self._lease) for event in judged.events
        ]
        final = [*judged.refused, *(d for verdicts in claimed for d in verdicts.decisions)]
        self.counts.update(d.reason for d in final)
        return Verdicts(final, [i for verdicts in claimed for i in verdicts.issued])
