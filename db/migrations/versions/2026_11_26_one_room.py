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


def upgrade() -> None:
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
