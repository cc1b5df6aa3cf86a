"""rooms

Revision: rooms, after 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "rooms"
down_revision = "0004"
branch_labels = None
depends_on = None

KIND = sa.Enum("emergency", "consult", "outbound", name="bridgekind", native_enum=False, length=32)
AIM = sa.Enum("room", "music", "queue", "out", name="legaim", native_enum=False, length=32)
SEAT_STATE = sa.Enum(
    "empty",
    "checking",
    "ready",
    "ringing",
    "talking",
    "wrap_up",
    "paused",
    name="seatstate",
    native_enum=False,
    length=32,
)


def upgrade() -> None:
    # Not in batch: SQLite would copy the table and forget that an id may never come twice
    op.add_column("bridges", sa.Column("kind", KIND, nullable=False, server_default="emergency"))
    op.add_column("bridge_legs", sa.Column("aim", AIM, nullable=False, server_default="room"))
    op.add_column("bridge_legs", sa.Column("seat_id", sa.Integer(), nullable=True))
    op.add_column("bridge_legs", sa.Column("asks", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("seats", sa.Column("bridge_id", sa.Integer(), nullable=True))
    op.add_column("seats", sa.Column("rung_from", SEAT_STATE, nullable=True))
    op.execute(
        "UPDATE bridge_legs SET seat_id ="
        " (SELECT seat_id FROM bridges WHERE bridges.id = bridge_legs.bridge_id) WHERE role = 'seat'"
    )


def downgrade() -> None:
    for column in ("rung_from", "bridge_id"):
        op.drop_column("seats", column)
    for column in ("asks", "seat_id", "aim"):
        op.drop_column("bridge_legs", column)
    op.drop_column("bridges", "kind")
