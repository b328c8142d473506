"""Claims to phones of all stores, settled as proofs come in: what binds a phone to its shopper in a running engine."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from engine.ingest.decoders.native import NetworkSession
from engine.plan.model import Plan
from engine.privacy.proofs import ADDRESS_KEY
from engine.privacy.pseudonyms import Pseudonyms
from engine.privacy.secrets import Secrets
from engine.records import DeviceId, Fixes
from engine.runtime.phones.proofs import CODE_AFTER_S, PhoneProofs
from engine.storage.database import Database
from engine.storage.people.bindings import NOBODY, OpenClaim
from engine.storage.people.phones import claims_version, open_claims, prove

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 60.0
"""Claims end by themselves: they are read again so often even where nothing moved."""


class PhoneOwners:
    """Used by the engine's thread. What it knows of connections and places is in memory only."""

    def __init__(
        self, db: Database, plans: Mapping[str, Plan], secrets: Secrets, pseudonyms: Mapping[str, Pseudonyms]
    ) -> None:
        key = secrets.derive_key(ADDRESS_KEY)
        self._db, self._pseudonyms = db, pseudonyms
        self._proofs = {store: PhoneProofs(plan, key) for store, plan in plans.items()}
        self._claims: dict[str, list[OpenClaim]] = {store: [] for store in plans}
        self._looked: dict[str, tuple[int, float]] = dict.fromkeys(plans, (-1, 0.0))

    def hear(self, session: NetworkSession, received_at: float) -> None:
        """A session message of one of the stores."""
        self._proofs[session.store].hear(session, received_at)

    def see(self, store: str, fixes: Fixes) -> None:
        """New fixes of a store: only those of phones that somebody claims by a code are looked at."""
        goes_as = self._pseudonyms[store].goes_as
        asked = [goes_as[c.device] for c in self._claims[store] if c.code_place and c.device in goes_as]
        self._proofs[store].see(fixes, asked)

    def settle(self, stores: Sequence[str], now: float) -> None:
        """Binds every phone of these stores that is proved by now. Safe to call again: a settled claim is gone."""
        for store in stores:
            self._look(store, now)
            proofs, pseudonyms, claims = self._proofs[store], self._pseudonyms[store], self._claims[store]
            pseudonyms.watch([device for claim in claims for device in _find_wanted(claim, now)])
            for claim, device, proof in proofs.settle(claims, pseudonyms.goes_as, now):
                if claim.shopper_id == NOBODY:  # an opt-out outlives the day's pseudonym
                    device = pseudonyms.stable_name(device) or device
                if prove(self._db, claim, device, proof, now):
                    log.info("%s: a phone was proved to be its claimant's (%s)", store, proof)
                self._claims[store] = [c for c in self._claims[store] if c is not claim]

    def _look(self, store: str, now: float) -> None:
        version, looked_at = claims_version(self._db, store), self._looked[store][1]
        if version != self._looked[store][0] or not 0 <= now - looked_at < LOOK_AGAIN_S:
            self._claims[store] = open_claims(self._db, store, now)
            self._looked[store] = (version, now)


def _find_wanted(claim: OpenClaim, now: float) -> list[DeviceId]:
    """The phone to look for: one whose claimant has just entered a code."""
    fresh = bool(claim.code_place) and now - claim.code_at <= CODE_AFTER_S
    return [claim.device] if fresh and claim.device is not None else []
