"""What every endpoint needs: config, database, secrets and plans, handed in once by whoever starts the server."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import Request

from api.keyring import KeyRing
from engine.config import Config
from engine.delivery.mail import Mailer
from engine.errors import NotFound
from engine.ingest.sources.declared import Sources
from engine.ingest.sources.shops import ShopSource, declare_shops
from engine.plan.model import Plan
from engine.privacy.customers import customer_digest
from engine.privacy.proofs import PortalSecrets
from engine.privacy.secrets import Secrets

if TYPE_CHECKING:
    from engine.offers.caps import CampaignKey, Spent
    from engine.plan.cells import Cells
    from engine.storage.database import Database
    from engine.storage.upkeep.replica import ReplicatedReads


@dataclass
class AppContext:
    """Shared by all requests; stored at `app.state.ctx`. Thread-safe."""

    config: Config
    db: Database
    secrets: Secrets
    plans: dict[str, Plan]
    portal: PortalSecrets = field(default_factory=lambda: PortalSecrets({}))
    sources: Sources = field(default_factory=Sources)
    mailer: Mailer | None = None  # None: no e-mail is sent here, and none offered
    replica: ReplicatedReads | None = None
    shops: dict[str, ShopSource] = field(init=False, repr=False)
    keys: KeyRing = field(init=False, repr=False)
    _cells: dict[str, Cells] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.keys = KeyRing(self.db, self.secrets)
        self.shops = declare_shops(self.config.sources, self.plans, os.environ, customer_digest(self.secrets))

    @property
    def figures(self) -> Database:
        """Where managers' figures are read: a replica, where there is one. Nothing is written there."""
        return self.replica or self.db

    def plan(self, store: str) -> Plan:
        """The plan of `store`. Raises NotFound (404) for a store this site does not have."""
        if store not in self.plans:
            raise NotFound(f"no store {store!r}")
        return self.plans[store]

    def cells(self, store: str) -> Cells:
        """The walkable cells of `store`, computed on first use (they take a moment) and kept."""
        from engine.plan.cells import walkable_cells

        plan = self.plan(store)
        with self._lock:
            if store not in self._cells:
                self._cells[store] = walkable_cells(plan, self.config.positioning.cell_m)
            return self._cells[store]

    def told_spending(self, campaigns: Collection[CampaignKey], now: float) -> dict[CampaignKey, Spent]:
        """What is told of the budgets of these campaigns: coupons in whole ks, and the money of as many."""
        from engine.storage.told.spending import told_spending

        privacy = self.config.privacy
        return told_spending(self.db, campaigns, k=privacy.k, block_s=privacy.block_s, now=now)

    @property
    def public_url(self) -> str:
        """What links and QR codes start with, without a trailing slash."""
        api = self.config.api
        return (api.public_url or f"http://{api.host}:{api.port}").rstrip("/")


async def context(request: Request) -> AppContext:
    """FastAPI dependency: the site's context. On the event loop: what is no coroutine is called in a thread."""
    ctx = request.app.state.ctx
    assert isinstance(ctx, AppContext)
    return ctx
