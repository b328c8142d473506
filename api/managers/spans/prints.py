"""What tells one plan of a store from another, whatever of it changed."""

from __future__ import annotations

import hashlib
import pickle
import threading

from engine.plan.model import Plan


class PlanPrints:
    """What tells plans apart, names and drawings included: worked out once for each plan object. Thread-safe."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Plan, str]] = {}
        self._lock = threading.Lock()

    def of(self, plan: Plan) -> str:
        """Its print: of two processes with the same plan the same, or at worst two."""
        with self._lock:
            known = self._known.get(plan.store)
            if known is None or known[0] is not plan:
                known = (plan, hashlib.sha256(pickle.dumps(plan)).hexdigest())
                self._known[plan.store] = known
            return known[1]
