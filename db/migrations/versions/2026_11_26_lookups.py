"""indexes of what is asked several times a second

Revision: lookups, after lead_files.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "lookups"
down_revision = "lead_files"
branch_labels = None
depends_on = None

UNHEARD = sa.text("joined_at IS NOT NULL AND recording_file IS NULL")


def upgrade() -> None:
    op.create_index("ix_calls_arrived_at", "calls", ["arrived_at"])
    op.create_index("ix_bridges_ended_at", "bridges", ["ended_at"])
    op.create_index("ix_bridges_waiting", "bridges", ["ticket_id", "kind", "pressed_at"])
    op.drop_index("ix_bridges_ticket_id", "bridges")
    op.create_index("ix_bridge_legs_state", "bridge_legs", ["state"])
    op.create_index("ix_bridge_attempts_result", "bridge_attempts", ["result", "ended_at"])
    op.create_index(
        "ix_bridge_attempts_unheard",
        "bridge_attempts",
        ["id"],
        sqlite_where=UNHEARD,
        postgresql_where=UNHEARD,
    )


def downgrade() -> None:
    op.drop_index("ix_bridge_attempts_unheard", "bridge_attempts")
    op.drop_index("ix_bridge_attempts_result", "bridge_attempts")
    op.drop_index("ix_bridge_legs_state", "bridge_legs")
    op.create_index("ix_bridges_ticket_id", "bridges", ["ticket_id"])
    op.drop_index("ix_bridges_waiting", "bridges")
    op.drop_index("ix_bridges_ended_at", "bridges")
    op.drop_index("ix_calls_arrived_at", "calls")
