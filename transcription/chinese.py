"""How recognised words become a line: Chinese words are joined, others keep their spaces."""

from __future__ import annotations

import re

_CJK = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef\U00020000-\U0003ffff"
_BETWEEN = re.compile(rf"(?<=[{_CJK}])\s+(?=[{_CJK}])")


def join_words(raw: str) -> str:
    """Drop the spaces between Chinese characters, which Vosk puts between words; keep all others."""
    return _BETWEEN.sub("", " ".join(raw.split()))
