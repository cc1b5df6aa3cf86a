"""A leader's page or telephone died while he has a call: his leg is ended, nobody is left in silence.

What becomes of the caller is said where every leader's end is: the queue, or who else is in the conference.
"""

from __future__ import annotations

import structlog

from core.errors import HotlineError
from core.supervision_words import SupervisionState
from db.models.supervision import Supervision
from db.repositories import supervisions
from db.session import SessionMaker, reading
from telephony.contact_watch import ContactWatch
from telephony.supervision_states import SPYING
from telephony.supervision_switch import Ear

log = structlog.get_logger(__name__)


class LeaderWatch:
    """Watches contacts of leaders whose telephones have picked up."""

    def __init__(self, sessions: SessionMaker, ear: Ear) -> None:
        self._sessions = sessions
        self._ear = ear
        self._watch = ContactWatch()

    async def see(self, contacts: dict[str, frozenset[str]]) -> None:
        """Take a look at who is registered; call it every second or sooner."""
        async with reading(self._sessions) as session:
            rows = [row for row in await supervisions.every_open(session) if _talks(row)]
        for row in rows:
            # An ear alone costs nobody a voice. But what its phone began with is kept: one that died while it
            # listened does not come back as it was, and may be given the call all the same
            lost = self._watch.lost(row.id, f"{row.phone}{row.lead}", contacts)
            # Who is leaving has been let go already, and his order says where the caller is to be
            if lost and row.state is SupervisionState.TAKEN_OVER and row.reason is None:
                await self._end(row)
        self._watch.looked(contacts, {row.id for row in rows})

    async def _end(self, row: Supervision) -> None:
        log.warning("leader_lost", supervision_id=row.id, call_id=row.call_id)
        try:
            await self._ear.hang_up(row.id)
        except HotlineError as error:  # the next look finds it lost still
            log.warning("leader_not_let_go", supervision_id=row.id, reason=str(error))


def _talks(row: Supervision) -> bool:
    return row.state in SPYING or row.state is SupervisionState.TAKEN_OVER
