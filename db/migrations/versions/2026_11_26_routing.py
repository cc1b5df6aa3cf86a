"""who is answered first, and why

Revision: routing, after house_words.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base


revision = "routing"
down_revision = "house_words"
branch_labels = None
depends_on = None

MOMENT = db.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("calls") as calls:
        calls.add_column(sa.Column("own_seat_id", sa.Integer(), nullable=True))
        calls.add_column(sa.Column("after_cut_off", sa.Boolean(), server_default=sa.false(), nullable=False))
        calls.add_column(sa.Column("flood", sa.Boolean(), server_default=sa.false(), nullable=False))
        calls.add_column(sa.Column("urgent_at", MOMENT, nullable=True))
        calls.add_column(sa.Column("turned_away", sa.String(length=40), nullable=True))
        calls.add_column(sa.Column("cut_off", sa.Boolean(), server_default=sa.false(), nullable=False))
    with op.batch_alter_table("seat_rings") as rings:
        rings.add_column(sa.Column("own", sa.Boolean(), server_default=sa.false(), nullable=False))
        rings.add_column(sa.Column("passed_at", MOMENT, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("seat_rings") as rings:
        rings.drop_column("passed_at")
        rings.drop_column("own")
    with op.batch_alter_table("calls") as calls:
        for name in ("cut_off", "turned_away", "urgent_at", "flood", "after_cut_off", "own_seat_id"):
            calls.drop_column(name)
