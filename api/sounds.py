"""Recorded sound: by ranges, never from outside the folder, each listening written down."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import Request
from fastapi.responses import FileResponse
from sqlalchemy.ext.asyncio import AsyncSession

from api.security import Person, log_look
from api.state import House, house_of
from core.errors import NotFound
from db.repositories import accounts


async def log_listening(request: Request, session: AsyncSession, person: Person, subject: str) -> None:
    """A player that begins at the first byte is a listening of its own; one that jumps about is not."""
    house = house_of(request)
    if re.match(r"bytes\s*=\s*0*[1-9]", request.headers.get("Range", "")):
        await log_look(house, session, person, "recording_played", subject)
        return
    await accounts.audit(
        session, house.clock.now(), person.id, "recording_played", subject, address=person.address
    )


def sound_file(house: House, name: str) -> FileResponse:
    """The file of that name below the recordings folder.

    Raises:
        NotFound: it is not there, or the name leads out of the folder.
    """
    file = (house.settings.recordings_dir / Path(name)).resolve()
    if not file.is_relative_to(house.settings.recordings_dir.resolve()) or not file.is_file():
        raise NotFound(what="录音文件")
    return FileResponse(file, media_type="audio/wav", headers={"Cache-Control": "no-store"})
