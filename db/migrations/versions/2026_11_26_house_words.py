"""the centre's own words

Revision: house_words, after rooms.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import db.base


revision = "house_words"
down_revision = "rooms"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "house_words",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("word", sa.String(length=20), nullable=False),
        sa.Column(
            "meaning",
            sa.Enum("E1", "E2", "E3", "E4", "none", name="wordmeaning", native_enum=False, length=32),
            nullable=False,
        ),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("added_by", ID, nullable=True),
        sa.Column("added_at", db.base.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["added_by"], ["accounts.id"], name=op.f("fk_house_words_added_by_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_house_words")),
        sa.UniqueConstraint("word", name=op.f("uq_house_words_word")),
    )


def downgrade() -> None:
    op.drop_table("house_words")
