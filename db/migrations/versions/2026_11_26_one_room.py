"""one running room a call

Revision: one_room, after lookups.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "one_room"
down_revision = "lookups"
branch_labels = None
depends_on = None

RUNNING = sa.text("state <> 'ended'")


# Of two that already run on one call the younger one is over: a hotline must come up
SECOND = """
UPDATE bridges SET state = 'ended', ended_at = pressed_at, reason = 'gone'
WHERE state <> 'ended' AND call_id IS NOT NULL AND id NOT IN (
    SELECT MIN(id) FROM bridges WHERE state <> 'ended' AND call_id IS NOT NULL GROUP BY call_id
)
"""


def upgrade() -> None:
    op.execute(SECOND)
    op.create_index(
        "uq_bridges_running",
        "bridges",
        ["call_id"],
        unique=True,
        sqlite_where=RUNNING,
        postgresql_where=RUNNING,
    )


def downgrade() -> None:
    op.drop_index("uq_bridges_running", "bridges")
