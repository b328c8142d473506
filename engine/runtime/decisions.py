"""Triggers become decisions and vouchers: the pure rules first, then the claim in the database, event by event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.config import Config
from engine.offers.audience import LinkedShopper
from engine.offers.campaigns import Campaign
from engine.offers.decide import by_event, campaign_book, decide
from engine.plan.model import Plan
from engine.records import Decision, Trigger, Voucher
from engine.storage.database import Database
from engine.storage.shoppers import linked_devices, links_version
from engine.storage.vouchers.campaigns import all_campaigns, campaigns_version
from engine.storage.vouchers.vouchers import Limits, claim, record_refusals, voucher_of


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a step's triggers: final decisions, and the vouchers of those that issued."""

    decisions: list[Decision] = field(default_factory=list)
    vouchers: list[Voucher] = field(default_factory=list)


class Deciding:
    """A store's campaigns and linked shoppers as of the last look at the database, and the decisions taken on them."""

    def __init__(self, plan: Plan, config: Config, db: Database, secret: bytes) -> None:
        self.links: dict[int, LinkedShopper] = {}
        self.counts: Counter[str] = Counter()
        self.campaigns: list[Campaign] = []
        self._plan, self._db, self._secret = plan, db, secret
        self._book = campaign_book([], plan)
        offers = config.offers
        self._limits = Limits(offers.per_visit, offers.per_day, offers.per_week)
        self._versions = (-1, -1)

    def refresh(self) -> bool:
        """Takes over campaigns and links where their versions moved. True when anything did."""
        store = self._plan.store
        versions = (campaigns_version(self._db, store), links_version(self._db, store))
        if versions == self._versions:
            return False
        self.campaigns = all_campaigns(self._db, store)
        self._book = campaign_book(self.campaigns, self._plan)
        self.links = linked_devices(self._db, store)
        self._versions = versions
        return True

    def decide(self, triggers: Sequence[Trigger], now: float) -> Decided:
        """Final decisions for these triggers. Idempotent by decision id: asked again, it gives what was stored."""
        if not triggers:
            return Decided()
        judged = decide(triggers, self._book, self.links, now)
        refused = [d for d in judged if d.outcome == "refuse"]
        record_refusals(self._db, refused)
        final = list(refused)
        for event in by_event(judged):
            final += claim(self._db, event, self._limits, self._secret, now)
        self.counts.update(d.reason for d in final)
        return Decided(final, [self._voucher(d) for d in final if d.outcome == "issue"])

    def _voucher(self, decision: Decision) -> Voucher:
        return voucher_of(self._db, str(decision.inputs["voucher_id"]), str(decision.shopper_id)).voucher
