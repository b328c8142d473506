"""A profile has joined one other at most, and a split of that makes it one of its own again."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_MERGE = sa.table(
    "profile_merge",
    sa.column("merge_id", sa.String()),
    sa.column("kept", sa.String()),
    sa.column("merged", sa.String()),
    sa.column("at", sa.Double()),
    sa.column("split_at", sa.Double()),
    sa.column("moved", sa.Text()),
)


def upgrade() -> None:
    """Of several merges of one profile that stand, the last goes on standing, and has what the others moved to the same
    profile."""
    connection = op.get_bind()
    standing = sa.select(_MERGE).where(_MERGE.c.split_at.is_(None)).order_by(_MERGE.c.at, _MERGE.c.merge_id)
    merges: dict[str, list[sa.RowMapping]] = {}
    for row in connection.execute(standing).mappings():
        merges.setdefault(row["merged"], []).append(row)
    for *earlier, last in [rows for rows in merges.values() if len(rows) > 1]:
        moved = json.loads(last["moved"])
        for row in earlier:
            if row["kept"] == last["kept"]:
                theirs = json.loads(row["moved"])
                moved = {name: theirs.get(name, []) + moved.get(name, []) for name in moved | theirs}
            ended = sa.update(_MERGE).where(_MERGE.c.merge_id == row["merge_id"])
            connection.execute(ended.values(split_at=last["at"]))
        kept = sa.update(_MERGE).where(_MERGE.c.merge_id == last["merge_id"])
        connection.execute(kept.values(moved=json.dumps(moved)))
    where = sa.text("split_at IS NULL")
    only: dict[str, Any] = {"sqlite_where": where, "postgresql_where": where}
    op.create_index("uq_profile_merge_standing", "profile_merge", ["merged"], unique=True, **only)


def downgrade() -> None:
    """A profile may join several again."""
    op.drop_index("uq_profile_merge_standing", "profile_merge")
