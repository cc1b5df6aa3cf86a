"""words of the parties of a conference, and the after-call work on their sound

Revision: words, after routing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "words"
down_revision = "routing"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = sa.Enum(
    "captured", "joined", "transcribed", "failed", name="recordingstate", native_enum=False, length=32
)
PARTS = ("bridge", "bridge_leg", "bridge_attempt")


def upgrade() -> None:
    op.add_column("bridge_attempts", sa.Column("sound_state", STATES, nullable=True))
    op.add_column("bridge_attempts", sa.Column("hearings", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_bridge_attempts_sound_state", "bridge_attempts", ["sound_state"])
    # What was recorded before is heard once, like the rest
    op.execute("UPDATE bridge_attempts SET sound_state = 'failed' WHERE recording_file IS NOT NULL")
    op.execute("UPDATE bridge_attempts SET sound_state = 'joined' WHERE sha256 IS NOT NULL")
    with op.batch_alter_table("utterances") as batch_op:
        batch_op.alter_column("call_id", existing_type=sa.String(length=80), nullable=True)
        for part in PARTS:
            column = f"{part}_id"
            batch_op.add_column(sa.Column(column, ID, nullable=True))
            batch_op.create_foreign_key(f"fk_utterances_{column}_{part}s", f"{part}s", [column], ["id"])
            batch_op.create_index(f"ix_utterances_{column}", [column])


def downgrade() -> None:
    op.execute("DELETE FROM utterances WHERE call_id IS NULL OR bridge_leg_id IS NOT NULL")
    with op.batch_alter_table("utterances") as batch_op:
        for part in PARTS:
            column = f"{part}_id"
            batch_op.drop_index(f"ix_utterances_{column}")
            batch_op.drop_constraint(f"fk_utterances_{column}_{part}s", type_="foreignkey")
            batch_op.drop_column(column)
        batch_op.alter_column("call_id", existing_type=sa.String(length=80), nullable=False)
    op.drop_index("ix_bridge_attempts_sound_state", "bridge_attempts")
    op.drop_column("bridge_attempts", "hearings")
    op.drop_column("bridge_attempts", "sound_state")
