"""What operators corrected, out of the instance's database, as the lines that `minsheng train` reads."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from sqlalchemy import inspect

from core.config import default_state_dir, load_settings, settings_file
from db.models.draft import DraftCorrection
from db.repositories import corrections
from db.session import make_engine, make_sessions, reading


def stored_lines(state_dir: Path | None) -> bytes:
    """One JSON line a correction; nothing where there is no instance or no table yet."""
    folder = state_dir or default_state_dir()
    if not settings_file(folder).exists():
        return b""
    rows = asyncio.run(_rows(load_settings(folder).db_url))
    lines = [{"id": row.ticket_id, "speaker_turns": row.turns, **row.decided} for row in rows]
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()


async def _rows(url: str) -> list[DraftCorrection]:
    engine = make_engine(url)
    try:
        async with engine.connect() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        if DraftCorrection.__tablename__ not in tables:
            return []
        async with reading(make_sessions(engine)) as session:
            return await corrections.every(session)
    finally:
        await engine.dispose()
