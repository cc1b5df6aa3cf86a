"""What shift leaders may order (telephony.supervision_service), as the routes see it."""

from __future__ import annotations

from typing import Protocol

from core.ids import OperatorId
from db.models import Supervision
from telephony.supervision_checks import Order


class Ears(Protocol):
    """Raises as the service says."""

    async def order(self, order: Order) -> Supervision:
        """Listen, whisper, barge or take over; the same order again is the same one."""
        ...

    async def end(self, leader: OperatorId, *, give_back: bool = False) -> None:
        """Stop."""
        ...
