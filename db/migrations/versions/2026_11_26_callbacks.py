"""the call-back list

Revision: callbacks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base


revision = "callbacks"
down_revision = "supervision"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = db.base.UtcDateTime(timezone=True)
SOURCES = ("abandoned_queue", "abandoned_greeting", "no_message", "requested")
STATES = ("waiting", "claimed", "calling", "done", "unreached", "satisfied")
OUTCOMES = ("connected", "no_answer", "busy", "unreachable", "rejected", "not_made")


def _word(name: str, words: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, length=32)


def _key(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def upgrade() -> None:
    with op.batch_alter_table("calls") as table:
        table.add_column(sa.Column("callback_asked_at", MOMENT, nullable=True))
    op.create_table(
        "callbacks",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("open_number", sa.String(length=20), nullable=True),
        sa.Column("state", _word("callbackstate", STATES), nullable=False),
        sa.Column("source", _word("callbacksource", SOURCES), nullable=False),
        sa.Column("call_id", sa.String(length=80), nullable=True),
        sa.Column("ticket_id", ID, nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("owner_id", ID, nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("result", _word("attemptoutcome", OUTCOMES), nullable=True),
        _key("callbacks", "call_id", "calls"),
        _key("callbacks", "ticket_id", "tickets"),
        _key("callbacks", "owner_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callbacks")),
        sa.UniqueConstraint("open_number", name=op.f("uq_callbacks_open_number")),
    )
    for column in ("number", "state", "due_at", "closed_at"):
        op.create_index(op.f(f"ix_callbacks_{column}"), "callbacks", [column])
    op.create_table(
        "callback_calls",
        sa.Column("call_id", sa.String(length=80), nullable=False),
        sa.Column("callback_id", ID, nullable=True),
        sa.Column("source", _word("callbacksource", SOURCES), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _key("callback_calls", "call_id", "calls"),
        _key("callback_calls", "callback_id", "callbacks"),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_callback_calls")),
    )
    op.create_index(op.f("ix_callback_calls_callback_id"), "callback_calls", ["callback_id"])
    op.create_table(
        "callback_attempts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("callback_id", ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", _word("attemptoutcome", OUTCOMES), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("bridge_key", sa.String(length=120), nullable=True),
        _key("callback_attempts", "callback_id", "callbacks"),
        _key("callback_attempts", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_attempts")),
        sa.UniqueConstraint("bridge_key", name=op.f("uq_callback_attempts_bridge_key")),
        sa.UniqueConstraint("callback_id", "number", name=op.f("uq_callback_attempts_callback_id_number")),
    )


def downgrade() -> None:
    op.drop_table("callback_attempts")
    op.drop_table("callback_calls")
    op.drop_table("callbacks")
    with op.batch_alter_table("calls") as table:
        table.drop_column("callback_asked_at")
