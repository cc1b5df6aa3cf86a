"""What a word sounds like in the county: pinyin without tones, dialect pairs folded together.

zh/ch/sh = z/c/s, n = l, ing = in, eng = en, f before u = h. Each folded syllable is one private
character, so that ordinary string search finds homophones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import ahocorasick
from pypinyin import Style, pinyin

_FIRST = 0xE000
_symbols: dict[str, str] = {}
_sounds: dict[str, str] = {}


def syllable(char: str) -> str:
    """The folded syllable of one character; the character itself if it has none."""
    return _readings(char)[0]


@lru_cache(maxsize=8192)
def _readings(char: str) -> tuple[str, str]:
    plain = pinyin(char, style=Style.NORMAL, errors="ignore")
    toned = pinyin(char, style=Style.TONE3, errors="ignore")
    if not plain or not plain[0][0]:
        return char, char
    tone = toned[0][0][-1:]
    return fold_syllable(plain[0][0]), fold_syllable(plain[0][0]) + (tone if tone.isdigit() else "")


def toned(char: str) -> str:
    """The syllable with its tone, for telling homophones apart."""
    return _readings(char)[1]


def fold_syllable(sound: str) -> str:
    """Fold one toneless pinyin syllable as the county's speech does."""
    for retroflex in ("zh", "ch", "sh"):
        if sound.startswith(retroflex):
            sound = retroflex[0] + sound[2:]
    if sound.startswith("n"):
        sound = "l" + sound[1:]
    if sound == "fu":
        return "hu"
    if sound.endswith(("ing", "eng")):
        sound = sound[:-1]
    return sound


@lru_cache(maxsize=8192)
def symbol(char: str) -> str:
    """One private character for the folded syllable; not a Chinese character → itself."""
    if not "\u3400" <= char <= "\u9fff":
        return char
    return symbol_of(syllable(char))


def symbol_of(sound: str) -> str:
    """The private character of one folded syllable, made when first asked for."""
    if sound not in _symbols:
        _symbols[sound] = chr(_FIRST + len(_symbols))
        _sounds[_symbols[sound]] = sound
    return _symbols[sound]


def fold(text: str) -> str:
    """The text as symbols, of the same length."""
    return "".join(symbol(char) for char in text)


def sound_of(symbol_char: str) -> str | None:
    """The folded syllable that a private character stands for."""
    return _sounds.get(symbol_char)


def automaton(by_sound: Mapping[str, Any]) -> Any:
    """Finds all these strings of symbols at once; gives where each ends and what stands behind it.

    There must be at least one.
    """
    return _filled(ahocorasick.Automaton(), by_sound)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


def _filled(empty: Any, by_sound: Mapping[str, Any]) -> Any:
    for sound, found in by_sound.items():
        empty.add_word(sound, found)
    empty.make_automaton()
    return empty
