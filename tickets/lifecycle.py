"""The life of a ticket as a table: who may go where. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.errors import IllegalTransition
from core.vocabulary import TicketStatus, label

NEXT: Final[Mapping[TicketStatus, frozenset[TicketStatus]]] = {
    TicketStatus.DRAFT: frozenset({TicketStatus.TO_DISPATCH, TicketStatus.ANSWERED, TicketStatus.VOID}),
    TicketStatus.PENDING_ACCEPT: frozenset(
        {TicketStatus.TO_DISPATCH, TicketStatus.ANSWERED, TicketStatus.VOID}
    ),
    TicketStatus.TO_DISPATCH: frozenset({TicketStatus.ANSWERED}),
    TicketStatus.ANSWERED: frozenset(),
    TicketStatus.VOID: frozenset(),
    TicketStatus.MERGED: frozenset(),
}
"""Steps taken by hand on one file. Joining two has its own door: `tickets/joining.py`."""
EDITABLE: Final = frozenset({TicketStatus.DRAFT, TicketStatus.PENDING_ACCEPT})
OPEN: Final = frozenset({TicketStatus.DRAFT, TicketStatus.PENDING_ACCEPT, TicketStatus.TO_DISPATCH})

JOINABLE: Final = OPEN
"""May be joined into another open file; taken out again, a file is what it was before."""


def check_step(before: TicketStatus, after: TicketStatus) -> None:
    """Nothing, or IllegalTransition."""
    if after not in NEXT[before]:
        raise IllegalTransition(
            before=str(before), after=str(after), reason=f"工单是“{label(before)}”，不能改为“{label(after)}”"
        )
