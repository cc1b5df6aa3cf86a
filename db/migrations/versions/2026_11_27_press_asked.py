"""what a key was pressed for

Revision: press_asked, after audit_subject.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "press_asked"
down_revision = "audit_subject"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in batch: SQLite would copy the table and forget that an id may never come twice
    op.add_column("bridges", sa.Column("asked", sa.String(64), nullable=True))


def downgrade() -> None:
    op.drop_column("bridges", "asked")
