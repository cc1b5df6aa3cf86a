"""The five desks as the system sees them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.vocabulary import PauseReason, SeatState, SeatWish
from db.base import Base


class Seat(Base):
    """One desk: who sits there, what it is doing, what the operator wishes next."""

    __tablename__ = "seats"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[SeatState] = mapped_column(default=SeatState.EMPTY)
    since: Mapped[dt.datetime]
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), unique=True)
    phone: Mapped[str] = mapped_column(String(16), default="seat")
    """`seat` for the browser, `desk` for a SIP desk phone: the prefix of the endpoint's name."""
    phone_online: Mapped[bool] = mapped_column(default=False)
    pause_reason: Mapped[PauseReason | None]
    wish: Mapped[SeatWish] = mapped_column(default=SeatWish.NONE)
    wish_reason: Mapped[PauseReason | None]
    wrap_up_until: Mapped[dt.datetime | None]
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"))
    bridge_id: Mapped[int | None]
    """The room for which it rings, or in which it talks."""
    rung_from: Mapped[SeatState | None]
    """What it was before it was rung for a room: a ring that comes to nothing changes nothing."""
