"""What a recovery leaves out, and the sentences that say so."""

from __future__ import annotations

from enum import StrEnum

OLD_S = 3600.0
STALE = (
    "%s: the journal's %d rows end %.1f hours ago: they are worked off for the statistics, and nothing is issued for "
    "what is that long past"
)
BAD_ROW = (
    "%s: journal row %d is damaged (%s): its readings are left out, all others are worked off. A disk that changes "
    "bytes is failing: `rayon doctor` looks at the rest, `rayon restore` brings a backup back"
)
BAD_CHECKPOINT = (
    "%s: the checkpoint is damaged (%s): tracks begin anew with the journal since then; statistics, vouchers and "
    "points are not touched. A disk that changes bytes is failing: `rayon doctor` looks at the rest"
)


class Damaged(StrEnum):
    """What was left out of a recovery because its bytes are not those that were written."""

    CHECKPOINT = "checkpoint"
    JOURNAL = "journal"
    LABELS = "labels"
