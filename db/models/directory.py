"""Whom to call: units, people, their numbers, grids, the duty roster, rules, and keys of other systems."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.vocabulary import BridgeRole, ContactRole, GridLayer, NumberKind, ProbeOutcome, UnitKind
from db.base import Base

AutoId = BigInteger().with_variant(Integer, "sqlite")


class Unit(Base):
    """承办单位: a department, a township, a utility, or an emergency service."""

    __tablename__ = "units"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[UnitKind]
    aliases: Mapped[list[Any]]
    """Other names that people and older papers use."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    town_code: Mapped[str | None] = mapped_column(ForeignKey("towns.code"), unique=True)
    """Set for the unit that is this township's government."""
    active: Mapped[bool] = mapped_column(default=True)
    confirmed: Mapped[bool] = mapped_column(default=False)
    """False shows 待确认 beside it."""


class Contact(Base):
    """A person who may be called: grid worker, internet-information office, unit's duty, deputy."""

    __tablename__ = "contacts"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    role: Mapped[ContactRole]
    title: Mapped[str] = mapped_column(String(40), default="")
    """职务, for instance 联络员 or 分管领导."""
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), unique=True)
    """The account with which a grid worker signs in at /grid."""
    active: Mapped[bool] = mapped_column(default=True)


class PhoneNumber(Base):
    """One number of a unit or of a person; only these are ever dialled."""

    __tablename__ = "phone_numbers"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id", ondelete="CASCADE"), index=True)
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[NumberKind]
    number: Mapped[str] = mapped_column(String(20))
    verified_at: Mapped[dt.datetime | None]
    """When a test call was last confirmed by the person at the other end."""
    verified_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    tested_at: Mapped[dt.datetime | None]
    """When the last test call began; also keeps two from ringing at once."""
    test_outcome: Mapped[ProbeOutcome | None]

    __table_args__ = (
        CheckConstraint("(unit_id IS NULL) <> (contact_id IS NULL)", name="one_owner"),
        UniqueConstraint("unit_id", "kind"),
        UniqueConstraint("contact_id", "kind"),
    )


class Grid(Base):
    """网格: a community's or village's grid, or a 微网格 inside one."""

    __tablename__ = "grids"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    layer: Mapped[GridLayer]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("grids.id"))
    town_code: Mapped[str] = mapped_column(ForeignKey("towns.code"), index=True)
    village_id: Mapped[int | None] = mapped_column(ForeignKey("villages.id"), index=True)


class GridMember(Base):
    """Who serves in a grid: its 网格长 and its 网格员."""

    __tablename__ = "grid_members"

    grid_id: Mapped[int] = mapped_column(ForeignKey("grids.id", ondelete="CASCADE"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    leader: Mapped[bool] = mapped_column(default=False)


class DutyShift(Base):
    """A person on duty from one moment to another."""

    __tablename__ = "duty_shifts"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]

    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="forward"),
        Index("ix_duty_shifts_starts_at_ends_at", "starts_at", "ends_at"),
    )


class BridgeRule(Base):
    """For this category and place, this role is called, at this unit (none: by the place itself)."""

    __tablename__ = "bridge_rules"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    category_prefix: Mapped[str] = mapped_column(String(8), default="")
    """Empty fits every category."""
    town_code: Mapped[str | None] = mapped_column(ForeignKey("towns.code"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("villages.id"))
    role: Mapped[BridgeRole]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id"))
    confirmed: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(120), default="")


class ApiKey(Base):
    """Another system's key. Only its hash is kept; it is shown once, when it is made."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(AutoId, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    start: Mapped[str] = mapped_column(String(12))
    """Its first characters, so that people can tell keys apart."""
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created_at: Mapped[dt.datetime]
    created_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    last_used_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
