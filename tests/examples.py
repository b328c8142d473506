"""How many examples a property is tried with, and which: the same ones in every run, unless one asks to explore.

    @examples(40)          # instead of hypothesis's own `settings`
    @given(...)

`RAYON_EXAMPLES` says otherwise: a number explores, with that many random examples of every property (`make explore`);
`unshrunk` is for runs that only ask whether a test fails. `RAYON_SECONDS` ends the exploration of a property after as
many seconds of processor (`tests.exploring`), `RAYON_LEFT` leaves out those that have held with so many before
(`tests.exploring.ledger`).
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

ASKED = os.environ.get("RAYON_EXAMPLES", "")
EXPLORED = int(ASKED) if ASKED.isdigit() else None
SECONDS = float(os.environ.get("RAYON_SECONDS") or "inf")
LEFT = bool(os.environ.get("RAYON_LEFT"))

# how long an example takes says how busy the machine is, not whether the property holds
settings.register_profile(
    "same", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("unshrunk", settings.get_profile("same"), phases=[Phase.explicit, Phase.generate])
settings.register_profile(
    "explore", deadline=None, print_blob=True, max_examples=EXPLORED or 1,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip
PROFILE = "explore" if EXPLORED else ASKED or "same"
settings.load_profile(PROFILE)


def examples(count: int, *allowed: HealthCheck) -> settings:
    """Decorates a property that is to be tried with this many examples, or with as many as are explored."""
    profile = settings.get_profile(PROFILE)
    return settings(max_examples=EXPLORED or count, suppress_health_check=[*profile.suppress_health_check, *allowed])
