"""The caller's words as one clean string that remembers where each character was said.

Spaces, punctuation, fillers and a polite opening never reach the fields; an operator's question
that the caller plainly confirms (是草堂镇吗 – 对) counts as the caller's own words.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tickets.draft import sounds
from tickets.draft.turns import CALLER, OPERATOR, Evidence, Turn

BREAK = "\n"
"""Stands between two turns; never part of a match."""

_KEPT = re.compile(r"[0-9A-Za-z.%\u3400-\u9fff〇]")
_WIDE = str.maketrans(
    {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"〇": "零", "○": "零"}
)
_FILLERS = re.compile(r"那个啥子|那个啥|那个(?!时候|月|年|星期|礼拜)|就是说|[嗯呃唔呣欸诶噢喔啊]|这个这个")
_OPENING = re.compile(
    r"(?:喂+|你好|您好|你们好|同志|请问一下|麻烦你?们?(?:一下|了)?|打扰了?|师傅|美女|妹儿|老师|民生之声|接线员|话务员|领导好)+"
)
_YES = re.compile(r"^(?:对头|对的|对对+|对|是的|是是+|是|要得|嗯+|就是|就是的|要的?|好的?|没错|可以)(?!不)")
_SHORT_YES = 6
_ASKED = re.compile(r"吗|么|是不是|对不对|要不要|是吧|哈\?|？|\?$|吧$")


@dataclass(frozen=True, slots=True)
class Char:
    """One kept character and where it was said."""

    text: str
    turn: int
    at: int


@dataclass(frozen=True)
class Heard:
    """Clean text, character for character traceable to the turns."""

    chars: tuple[Char, ...]
    asked_before: dict[int, str] = field(default_factory=dict[int, str])
    """Caller turn → the operator's words just before it, for context only."""

    @cached_property
    def text(self) -> str:
        """The clean words; turns divided by BREAK."""
        return "".join(char.text for char in self.chars)

    @cached_property
    def sounds(self) -> str:
        """As long as `text`: one symbol a syllable, the same for dialect homophones."""
        return sounds.fold(self.text)

    def evidence(self, start: int, end: int) -> Evidence | None:
        """Where `text[start:end]` was said; the first turn if it runs over two."""
        said = [char for char in self.chars[start:end] if char.text != BREAK]
        if not said:
            return None
        first = said[0]
        last = [char for char in said if char.turn == first.turn][-1]
        return Evidence(first.turn, first.at, last.at + 1)

    def without_doubles(self) -> tuple[Heard, list[int]]:
        """The same words without stutters (草草堂镇), and where each character left stood."""
        at = [
            place
            for place, char in enumerate(self.chars)
            if not place or char.text == BREAK or char.text != self.chars[place - 1].text
        ]
        return Heard(tuple(self.chars[place] for place in at), self.asked_before), at

    def begin_of(self, position: int) -> int:
        """Where the turn that a position belongs to begins."""
        begins = self._begins
        return begins[bisect_right(begins, position) - 1]

    @cached_property
    def _begins(self) -> list[int]:
        return [0, *(at + 1 for at, char in enumerate(self.chars) if char.text == BREAK)]

    def turn_of(self, position: int) -> int:
        """The turn that a position belongs to."""
        return self.chars[position].turn


def hear(turns: Sequence[Turn]) -> Heard:
    """Take the caller's words (and what the caller confirmed) out of the turns."""
    chars: list[Char] = []
    asked: dict[int, str] = {}
    before: tuple[int, Turn] | None = None
    for number, turn in enumerate(turns):
        if turn.speaker is CALLER:
            if before is not None:
                asked[number] = _letters(before[1].text)
                if _confirms(turn.text, before[1].text):
                    _add(chars, _clean(_statement(before[1].text), before[0]))
            _add(chars, _clean(turn.text, number))
            before = None
        elif turn.speaker is OPERATOR:
            before = (number, turn)
    return Heard(tuple(chars), asked)


def _add(chars: list[Char], more: list[Char]) -> None:
    if chars and more:
        chars.append(Char(BREAK, more[0].turn, 0))
    chars.extend(more)


def _letters(text: str) -> str:
    return "".join(_KEPT.findall(text.translate(_WIDE)))


def _confirms(answer: str, question: str) -> bool:
    said = _letters(answer)
    match = _YES.match(said)
    if match is None or not _ASKED.search(question):
        return False
    return len(said) - match.end() <= _SHORT_YES or match.end() >= 2 or said.startswith(("对", "嗯"))


def _statement(question: str) -> str:
    """The question with its asking words blanked out, every character in its old place."""
    return re.sub(
        r"是不是|要不要|有没有|对不对|您说的|请问|吗|么|呢|是吧|需要", lambda m: " " * len(m[0]), question
    )


def _clean(raw: str, turn: int) -> list[Char]:
    wide = raw.translate(_WIDE)
    kept = [Char(char, turn, at) for at, char in enumerate(wide) if _KEPT.match(char)]
    text = "".join(char.text for char in kept)
    gone = {at for match in _FILLERS.finditer(text) for at in range(*match.span())}
    kept = [char for at, char in enumerate(kept) if at not in gone]
    text = "".join(char.text for char in kept)
    opening = _OPENING.match(text)
    return kept[opening.end() :] if opening else kept
