"""What no run goes beyond, be it said in a scenario or on the command line."""

from __future__ import annotations

LONGEST_S = 366 * 86_400
SEEDS = 2**63
"""So many, from 0 on."""
