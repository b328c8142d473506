"""Which versions a program has to know to go on beside the one that brought the schema up to date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0120"
down_revision = "0115"
branch_labels = None
depends_on = None

OLDER_GO_ON = True
"""Whether a program of the version before, which runs, may go on beside this schema: it reads and writes as before."""


def upgrade() -> None:
    """Empty: whoever brings the schema up to date states it, in the same transaction."""
    op.create_table(
        "schema_reach",
        sa.Column("version", sa.String(), primary_key=True),
        sa.Column("least", sa.String(), nullable=False),
    )


def downgrade() -> None:
    """Programs of before ask for nothing of the kind."""
    op.drop_table("schema_reach")
