"""A call as one JSON line: `{"id": …, "speaker_turns": [{"who": "caller"|"operator", "text": …}]}`."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from tickets.draft.turns import CALLER, OPERATOR, Turn

_SPEAKERS = {"caller": CALLER, "operator": OPERATOR}
_HALF = re.compile("[\ud800-\udfff]")


class BadLine(ValueError):
    """这一行不是可以起草的通话。"""


def read_call(line: bytes) -> tuple[Any, list[Turn]]:
    """One JSON line as id and turns.

    Raises:
        BadLine: naming the field and what is wrong with it.
    """
    try:
        call: Any = json.loads(line)
    except ValueError as error:
        raise BadLine("整行：不是有效的 UTF-8 JSON") from error
    except RecursionError as error:
        raise BadLine("整行：嵌套太深") from error
    if not isinstance(call, dict):
        raise BadLine("整行：应为对象，并有 id 和 speaker_turns")
    known = cast("dict[str, Any]", call)
    if "id" not in known:
        raise BadLine("id：缺少这一项")
    try:
        json.dumps(known["id"], ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise BadLine("id：不能原样写回（不是数，或有半个字符）") from error
    return known["id"], _turns(known.get("speaker_turns"))


def _turns(said: Any) -> list[Turn]:
    if not isinstance(said, list):
        raise BadLine("speaker_turns：应为列表")
    return [_turn(f"speaker_turns[{number}]", piece) for number, piece in enumerate(cast("list[Any]", said))]


def _turn(place: str, piece: Any) -> Turn:
    if not isinstance(piece, dict):
        raise BadLine(f"{place}：应为对象，并有 who 和 text")
    known = cast("dict[str, Any]", piece)
    who, text = known.get("who"), known.get("text")
    if not isinstance(who, str) or who not in _SPEAKERS:
        raise BadLine(f"{place}.who：应为 caller 或 operator")
    if not isinstance(text, str):
        raise BadLine(f"{place}.text：应为文字")
    if _HALF.search(text):
        raise BadLine(f"{place}.text：有半个字符")
    return Turn(_SPEAKERS[who], text)
