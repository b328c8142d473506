"""What is expected of zones by hour: visits and their dwell, with what is known of their errors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

FIGURES = (
    "person_s",
    "visits",
    "dwell_s",
    "ambiguous_s",
    "visits_var",
    "dwell_var",
    "cross_var",
    "visits_sq",
    "dwell_sq",
    "cross_sq",
)


def upgrade() -> None:
    """Nothing was expected of the hours before."""
    op.create_table(
        "zone_expected",
        sa.Column("store", sa.String(), nullable=False),
        sa.Column("hour_start", sa.Double(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=False) for name in FIGURES),
        sa.PrimaryKeyConstraint("store", "hour_start", "zone"),
    )


def downgrade() -> None:
    """Zones keep their plain hours."""
    op.drop_table("zone_expected")
