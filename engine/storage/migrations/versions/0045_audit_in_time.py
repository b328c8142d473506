"""The audit log ends in time and lets an erased account's name go; keys say which account has them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0041"
branch_labels = None
depends_on = None

_GUARDED = ("audit_entry", "share_review")


def upgrade() -> None:
    """Of the keys there are nobody knows who has them."""
    op.create_table("audit_pass", sa.Column("id", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("id"))
    op.add_column("access_key", sa.Column("held_by", sa.String(), nullable=False, server_default=""))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION rayon_append_only_unless_let() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN IF TG_OP <> 'TRUNCATE' AND EXISTS (SELECT 1 FROM audit_pass) THEN RETURN NULL; END IF; "
            "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
    for table in _GUARDED:
        _guard(table, "rayon_append_only_unless_let", " WHEN NOT EXISTS (SELECT 1 FROM audit_pass)")


def downgrade() -> None:
    """What was written stays for good."""
    for table in _GUARDED:
        _guard(table, "rayon_append_only", "")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION rayon_append_only_unless_let()")
    op.drop_column("access_key", "held_by")
    op.drop_table("audit_pass")


def _guard(table: str, function: str, when: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"DROP TRIGGER {table}_no_{verb.lower()}")
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}{when} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
