"""supervision

Revision: supervision, after words.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base


revision = "supervision"
down_revision = "words"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("until", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["accounts.id"], name=op.f("fk_broadcasts_by_id_accounts")),
        sa.ForeignKeyConstraint(["to_id"], ["accounts.id"], name=op.f("fk_broadcasts_to_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_broadcasts_to_id"), ["to_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_broadcasts_until"), ["until"], unique=False)
    op.create_table(
        "lead_phones",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("until", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_lead_phones_account_id_accounts")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_lead_phones")),
        sa.UniqueConstraint("account_id", name=op.f("uq_lead_phones_account_id")),
    )
    op.create_table(
        "broadcast_readers",
        sa.Column("note_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_broadcast_readers_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["note_id"], ["broadcasts.id"], name=op.f("fk_broadcast_readers_note_id_broadcasts")
        ),
        sa.PrimaryKeyConstraint("note_id", "account_id", name=op.f("pk_broadcast_readers")),
    )
    op.create_table(
        "supervisions",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("account_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lead", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=80), nullable=True),
        sa.Column("seat_id", sa.Integer(), nullable=False),
        sa.Column("seat_channel", sa.String(length=80), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column(
            "wanted",
            sa.Enum("listen", "whisper", "barge", "take_over", name="mode", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "ordered",
                "ringing",
                "listening",
                "whispering",
                "barged",
                "taken_over",
                "over",
                name="supervisionstate",
                native_enum=False,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("ordered_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.Column("began_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column("ended_at", db.base.UtcDateTime(timezone=True), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "call_ended",
                "by_leader",
                "no_answer",
                "secret",
                "gone",
                name="supervisionend",
                native_enum=False,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("modes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_supervisions_account_id_accounts")
        ),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_supervisions_call_id_calls")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervisions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("supervisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_supervisions_call_id"), ["call_id"], unique=False)
        batch_op.create_index(
            "uq_supervisions_lead",
            ["lead"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "uq_supervisions_open",
            ["account_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("supervisions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_supervisions_open",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_supervisions_lead",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_supervisions_call_id"))
    op.drop_table("supervisions")
    op.drop_table("broadcast_readers")
    op.drop_table("lead_phones")
    with op.batch_alter_table("broadcasts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_broadcasts_until"))
        batch_op.drop_index(batch_op.f("ix_broadcasts_to_id"))
    op.drop_table("broadcasts")
