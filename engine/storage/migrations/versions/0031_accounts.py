"""Accounts of the console with their roles, invitations and sessions, and the log of what people did."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("audit_entry", "account_session", "account_invitation", "account_role", "console_account")


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def upgrade() -> None:
    """Adds empty tables: keys go on working, and `rayon accounts add` makes the first account."""
    op.create_table(
        "console_account",
        *_text("account_id", "name", "sign_in", "email"),
        sa.Column("password", sa.Text(), nullable=False),
        *_text("oidc"),
        _time("made_at"),
        _time("disabled_at", nullable=True),
        sa.PrimaryKeyConstraint("account_id"),
        sa.UniqueConstraint("sign_in"),
    )
    op.create_index("ix_console_account_oidc", "console_account", ["oidc"])
    op.create_table(
        "account_role",
        *_text("account_id", "role", "store"),
        _time("given_at"),
        sa.PrimaryKeyConstraint("account_id", "role", "store"),
    )
    op.create_table(
        "account_invitation",
        *_text("digest", "account_id"),
        _time("made_at"),
        _time("expires_at"),
        _time("used_at", nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_account_invitation_account", "account_invitation", ["account_id"])
    op.create_table(
        "account_session",
        *_text("session_id", "account_id", "label"),
        _time("made_at"),
        _time("seen_at"),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("ix_account_session_account", "account_session", ["account_id"])
    op.create_table(
        "audit_entry",
        sa.Column("id", _ROWID, primary_key=True, autoincrement=True),
        _time("at"),
        *_text("account_id", "who", "action", "store", "subject"),
        sa.Column("detail", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_entry_store", "audit_entry", ["store", "id"])
    op.create_index("ix_audit_entry_account", "audit_entry", ["account_id", "id"])
    _guard("audit_entry")


def downgrade() -> None:
    """Only keys open the console again, and nothing says any more what people did."""
    for table in _TABLES:
        op.drop_table(table)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION rayon_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
