"""What a citizen said in confidence: from which rank on it is open to who had no part in the call."""

from __future__ import annotations

from core.vocabulary import ROLE_RANK, Role
from db.models import Ticket


def closed(ticket: Ticket | None, role: Role) -> bool:
    """Whether the ticket is marked secret and this role, as such, may neither hear nor read what was said."""
    return ticket is not None and ticket.secret and ROLE_RANK[role] < ROLE_RANK[Role.CENTRE_HEAD]
