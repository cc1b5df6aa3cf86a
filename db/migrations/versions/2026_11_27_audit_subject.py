"""an index of the audit log by what was looked at

Revision: audit_subject, after one_room.
"""

from __future__ import annotations

from alembic import op

revision = "audit_subject"
down_revision = "one_room"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_log_subject", "audit_log", ["subject", "act"])


def downgrade() -> None:
    op.drop_index("ix_audit_log_subject", "audit_log")
