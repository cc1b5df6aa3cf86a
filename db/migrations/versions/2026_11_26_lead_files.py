"""what shift leaders said who barged in, beside a call's recording

Revision: lead_files, after parties.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "lead_files"
down_revision = "parties"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recordings") as recordings:
        recordings.add_column(sa.Column("lead_files", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("recordings") as recordings:
        recordings.drop_column("lead_files")
