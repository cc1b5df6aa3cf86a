"""a ticket joined into another

Revision: join, after callbacks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "join"
down_revision = "callbacks"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(sa.Column("parent_id", ID, nullable=True))
        tickets.create_foreign_key(op.f("fk_tickets_parent_id_tickets"), "tickets", ["parent_id"], ["id"])
        tickets.create_index(op.f("ix_tickets_parent_id"), ["parent_id"])


def downgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_index(op.f("ix_tickets_parent_id"))
        tickets.drop_constraint(op.f("fk_tickets_parent_id_tickets"), type_="foreignkey")
        tickets.drop_column("parent_id")
