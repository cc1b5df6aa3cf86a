"""What the pages of who leads say of the disk."""

from __future__ import annotations

from typing import Any

from core.config import Settings
from telephony import disk_room


def disk_json(settings: Settings) -> dict[str, Any]:
    """Whether there is little room, and the sentence that says so."""
    room = disk_room.look(settings)
    free_gb = room.free_bytes / 1e9
    text = f"服务器磁盘只剩 {free_gb:.1f} GB：来电照常接听，盘满后录音会缺失，请通知管理员清理"
    return {"low": room.low, "text": text if room.low else ""}
