"""Verified identifiers, links by e-mail, browsers that are signed in, loyalty cards, and merges of profiles."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ROWID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("merge_log", "profile_merge", "loyalty_card", "browser_session", "identity_link", "identifier")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=nullable)


def upgrade() -> None:
    """Adds empty tables. Browsers signed in so far stay so, without a row, until their cookie ends."""
    op.create_table(
        "identifier",
        _text("kind"),
        _text("digest"),
        _text("shopper_id"),
        sa.Column("sealed", sa.Text(), nullable=False),
        _time("verified_at"),
        sa.PrimaryKeyConstraint("kind", "digest"),
    )
    op.create_index("ix_identifier_shopper", "identifier", ["shopper_id"])
    op.create_table(
        "identity_link",
        *(_text(name) for name in ("digest", "identifier")),
        sa.Column("sealed", sa.Text(), nullable=False),
        *(_text(name) for name in ("shopper_id", "browser", "label")),
        _time("asked_at"),
        _time("expires_at"),
        _time("used_at", nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_identity_link_shopper", "identity_link", ["shopper_id"])
    op.create_index("ix_identity_link_expires", "identity_link", ["expires_at"])
    op.create_table(
        "browser_session",
        *(_text(name) for name in ("session_id", "shopper_id", "label")),
        sa.Column("shared", sa.Boolean(), nullable=False),
        _time("made_at"),
        _time("seen_at"),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("ix_browser_session_shopper", "browser_session", ["shopper_id"])
    op.create_table(
        "loyalty_card",
        _text("digest"),
        _text("proof"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _time("tries_from"),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "profile_merge",
        *(_text(name) for name in ("merge_id", "kept", "merged", "proof")),
        _time("at"),
        _time("split_at", nullable=True),
        sa.Column("moved", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("merge_id"),
    )
    op.create_index("ix_profile_merge_kept", "profile_merge", ["kept"])
    op.create_index("ix_profile_merge_merged", "profile_merge", ["merged"])
    op.create_table(
        "merge_log",
        sa.Column("id", _ROWID, primary_key=True, autoincrement=True),
        *(_text(name) for name in ("merge_id", "change", "kept", "merged", "proof")),
        sa.Column("moved", sa.Text(), nullable=False),
        _time("at"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_merge_log_merge", "merge_log", ["merge_id"])
    _guard("merge_log")


def downgrade() -> None:
    """Merged profiles stay merged, and nobody is signed in by a session any more."""
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
