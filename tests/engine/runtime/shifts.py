"""Several engines of one site on one database, driven turn by turn on one made-up clock."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from engine.config import Config
from engine.offers.campaigns import load_campaigns
from engine.plan.model import Plan
from engine.privacy.consent import ConsentChoice
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.secrets import Secrets
from engine.runtime.process import EngineProcess
from engine.storage.database import Database
from engine.storage.figures.heatsums import heat_rows
from engine.storage.people.bindings import PhoneClaim
from engine.storage.people.shoppers import SignIn, sign_in
from engine.storage.presence.heatmaps import visits_of, zone_flows, zone_hours
from engine.storage.vouchers.campaigns import seed_campaigns
from engine.storage.vouchers.vouchers import vouchers_of
from tests.engine.runtime.made import FLOORPLANS
from tests.engine.runtime.wire import Wire

STORE = "boutique"
SECRETS = Secrets(b"0123456789abcdef0123456789abcdef", "manager", "till")
LEASE_S = 2.0
PRESENCE = {"silent_s": 20.0}
PRIVACY = {"k": 1, "demo": True, "block_s": 60.0}  # every figure is let out, soon
POSITIONING = {"cell_m": 1.0}
EVERYTHING = {"from_t": 0.0, "to_t": 4e9}


class Shift:
    """One engine of the site. It may be killed (never driven again), frozen (not driven for a while), or stopped."""

    def __init__(self, db: Database, plan: Plan, data_dir: Path, wire: Wire, **changes: dict[str, Any]) -> None:
        sections = {
            "storage": {"data_dir": data_dir, "lease_s": LEASE_S, "checkpoint_s": 3.0},
            "presence": PRESENCE,
            "positioning": POSITIONING,
            "privacy": PRIVACY,
        }
        config = Config.model_validate(sections | changes)
        self.process = EngineProcess(
            config,
            db,
            SECRETS,
            {plan.store: plan},
            wall=lambda: wire.now,
            monotonic=lambda: wire.now,
            subscribed=wire.session,
        )

    @property
    def works(self) -> bool:
        """Whether it runs the store, as far as it knows."""
        return bool(self.process.runners)

    def live(self) -> None:
        """What its two threads do in half a second."""
        self.process.leases.renew()
        self.process.leases.look()
        self.process.turn()

    def stop(self) -> None:
        """As on Ctrl-C."""
        self.process.stopping.set()
        self.process.run()


class Outcome:
    """What a run left in the database, in terms that do not depend on the run."""

    def __init__(self, db: Database, shoppers: dict[str, str]) -> None:
        self.vouchers = Counter(
            (mac, v.voucher.campaign_id) for mac, who in shoppers.items() for v in vouchers_of(db, who)
        )
        stays = [(mac, v) for mac, who in shoppers.items() for v in visits_of(db, who)]
        self.visits = Counter((mac, v.zone) for mac, v in stays)
        self.dwell_s = sum(v.dwell_s for _, v in stays)
        self.zone_visits = {(z.hour_start, z.zone): z.visits for z in zone_hours(db, STORE, **EVERYTHING)}
        self.flows = {(f.hour_start, f.from_zone, f.to_zone): f.count for f in zone_flows(db, STORE, **EVERYTHING)}
        heat = heat_rows(db, STORE, **EVERYTHING)
        self.person_s, self.fixes = sum(h.person_s for h in heat), sum(h.fixes for h in heat)


def sign_everyone_in(db: Database, macs: list[str], plan: Plan, at: float) -> dict[str, str]:
    """Campaigns and consenting shoppers; their ids by MAC."""
    seed_campaigns(db, STORE, load_campaigns(FLOORPLANS / STORE / "campaigns.yaml", plan))
    stable = Pseudonyms(SECRETS.site_key).stable
    consents = [ConsentChoice("location_offers", "page", granted=True)]
    phones = {mac: PhoneClaim(stable(mac), redirect=f"signed for {mac}", redirect_until=at + 3600.0) for mac in macs}
    return {
        mac: sign_in(db, SignIn(STORE, phone, None, None, None, "fr", consents, "2026-01", at)).shopper_id
        for mac, phone in phones.items()
    }
