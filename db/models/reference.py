"""Reference data and policies: rows, never constants."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Town(Base):
    """A township-level unit (街道, 镇, 乡)."""

    __tablename__ = "towns"

    code: Mapped[str] = mapped_column(String(12), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))


class Village(Base):
    """A village or community; all names are unique in the county."""

    __tablename__ = "villages"

    id: Mapped[int] = mapped_column(primary_key=True)
    town_code: Mapped[str] = mapped_column(ForeignKey("towns.code"), index=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[str] = mapped_column(String(20))


class Category(Base):
    """One of 12 classes (two digits) or one of its children (four digits)."""

    __tablename__ = "categories"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("categories.code"))
    name: Mapped[str] = mapped_column(String(60))
    active: Mapped[bool] = mapped_column(default=True)


class Policy(Base):
    """One number or text that the centre decides, with its source."""

    __tablename__ = "policies"

    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(20))
    label: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(120))
    confirmed: Mapped[bool] = mapped_column(default=False)
    """False shows 待确认 beside it."""
