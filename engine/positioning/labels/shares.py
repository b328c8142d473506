"""How many of a stream's labels are of the places that they name, and when so few are that the stream contradicts the
store.

No help is no lie: a receipt's line says little where pauses are known to a few metres and the store is small. So a
stream is asked for odds. Of each label it is known how much likelier its device's track is for its place than for any
of the store's (`ratio`): of a share s of honest labels, which beforehand is any, each is s ratio + (1 - s) times as
likely as of labels that say nothing. What comes to it by Bayes' rule is how likely each share is. Where labels tell
nothing it is as it was before, and nobody is accused of that; the stream counts as much as its expected share.

Receipts of one person share the track: a receipt counts as the square root of its lines does, between what one line
says and what as many strangers' would.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.records import F64

SHARES: F64 = (np.arange(20) + 0.5) / 20
HALF = 0.5  # of labels with a time: with fewer of their place, more are wrong than right
LITTLE = 0.25  # of receipts: honest lines are bought by another, too, or taken where nobody paused
SURELY = 0.95  # is it to be that no more of them are of their place

Evidence = Mapping[int, F64]
"""Of streams by their number: the logarithm of how likely their labels are, of each of SHARES (20,)."""


def evidence_of(ratio: F64) -> F64:
    """(20,) what labels (n,) of one receipt, or one label alone, say of their stream's share."""
    each = np.log(SHARES[:, None] * ratio + (1.0 - SHARES[:, None]))
    return np.asarray(each.sum(axis=1) / np.sqrt(max(len(ratio), 1)), np.float64)


def expected_share(evidence: F64) -> float:
    """Of a stream's labels, how many are expected to be of their place; a half where nothing is known."""
    return float(_likely(evidence) @ SHARES)


def contradicts(evidence: F64, share: float) -> bool:
    """Whether surely no more than this share of a stream's labels are of their place."""
    return bool(_likely(evidence)[share > SHARES].sum() > SURELY)


def _likely(evidence: F64) -> F64:
    raised = np.exp(evidence - evidence.max())
    return np.asarray(raised / raised.sum(), np.float64)


def pack(evidence: Evidence) -> F64:
    """(n, 21) as rows, the stream's number first: for a checkpoint."""
    rows = [[float(stream), *said.tolist()] for stream, said in evidence.items()]
    return np.array(rows, np.float64).reshape(-1, 1 + len(SHARES))


def unpack(rows: F64) -> dict[int, F64]:
    """What `pack` was given."""
    return {int(row[0]): np.array(row[1:], np.float64) for row in rows}


def certain_of_none(streams: list[int]) -> dict[int, F64]:
    """Streams that were left aside before their shares were known: a checkpoint knows no more of them."""
    return dict.fromkeys(streams, -1e3 * SHARES)
