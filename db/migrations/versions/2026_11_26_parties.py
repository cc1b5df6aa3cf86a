"""parties of a conference that asked to be called back

Revision: parties, after join.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base


revision = "parties"
down_revision = "join"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = db.base.UtcDateTime(timezone=True)
TABLE = "callback_parties"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("attempt_id", ID, nullable=False),
        sa.Column("callback_id", ID, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["bridge_attempts.id"], name=op.f(f"fk_{TABLE}_attempt_id_bridge_attempts")
        ),
        sa.ForeignKeyConstraint(
            ["callback_id"], ["callbacks.id"], name=op.f(f"fk_{TABLE}_callback_id_callbacks")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f(f"pk_{TABLE}")),
    )
    op.create_index(op.f(f"ix_{TABLE}_callback_id"), TABLE, ["callback_id"])


def downgrade() -> None:
    op.drop_table(TABLE)
