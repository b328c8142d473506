"""Figures from before k people had to stand behind each are deleted."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

log = logging.getLogger("rayon.storage")
FIGURES = ("heat", "zone_hour", "zone_flow")


def upgrade() -> None:
    """How many people stand behind a row was not kept, so none can be let through the gate afterwards. Tables that were
    imported (`rayon history import`) can be imported again."""
    gone = {name: op.get_bind().execute(sa.delete(sa.table(name))).rowcount for name in FIGURES}
    if any(gone.values()):
        said = ", ".join(f"{rows} of {name}" for name, rows in gone.items())
        log.warning(
            "figures from before this version are deleted (%s): nobody can tell whether k people stand behind them; "
            "import tables of your own again with `rayon history`",
            said,
        )


def downgrade() -> None:
    """What is deleted stays deleted."""
