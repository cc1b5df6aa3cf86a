"""Names of towns and villages in speech: as written, as they sound, as bare stems, or a syllable short."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from pypinyin import lazy_pinyin

from tickets.draft import sounds
from tickets.draft.heard import Heard


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the gazetteer: a village and its town, or a town alone."""

    town: str
    village: str | None = None


class Form(StrEnum):
    """How much of the name is said."""

    WHOLE = "whole"
    BARE = "bare"
    """The suffix (村, 镇, 社区 …) is left out."""
    CUT = "cut"
    """One syllable is lost, the suffix is there (草镇, 石村, 明良区)."""


@dataclass(frozen=True, slots=True)
class Name:
    """One way to say a region."""

    region: Region
    text: str
    form: Form


class Likeness(IntEnum):
    """How the words match the name."""

    FAINT = 0
    TONED = 1
    """Every syllable with its tone, other characters."""
    PARTLY = 2
    """Stem or suffix as written, the rest as it sounds."""
    EXACT = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """`text[start:end]` may name this region."""

    start: int
    end: int
    name: Name
    likeness: Likeness
    same_chars: int

    @property
    def region(self) -> Region:
        """The region named."""
        return self.name.region

    @property
    def is_town(self) -> bool:
        """A town alone, no village."""
        return self.name.region.village is None


SUFFIX = re.compile("(?:土家族乡|街道|社区|[镇乡村])$")
_SHORT_SUFFIXES = {"社区": ("区", "社"), "街道": ("街", "道")}
_MINORITY = "土家族乡"


class Gazetteer:
    """All names of all regions; built once, asked for every draft."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self.regions = tuple(dict.fromkeys(regions))
        by_sound: dict[str, list[Name]] = {}
        for name in dict.fromkeys(self._names()):
            for sound in _sounds(name.text):
                by_sound.setdefault(sound, []).append(name)
        entries = {sound: (len(sound), tuple(names)) for sound, names in by_sound.items()}
        self._automaton = sounds.automaton(entries) if entries else None

    def _names(self) -> Iterator[Name]:
        for region in self.regions:
            town = Region(region.town)
            yield from _ways_to_say(town, region.town)
            if region.town.endswith(_MINORITY):
                yield Name(town, region.town.removesuffix(_MINORITY) + "乡", Form.WHOLE)
            if region.village:
                yield from _ways_to_say(region, region.village)

    def hits(self, heard: Heard) -> list[Hit]:
        """Every match by sound, overlapping and unlikely ones too."""
        if self._automaton is None:
            return []
        found: list[Hit] = []
        text = heard.text
        last: int
        length: int
        names: tuple[Name, ...]
        for last, (length, names) in self._automaton.iter(heard.sounds):
            start = last - length + 1
            found += [_hit(text[start : last + 1], start, name) for name in names]
        return found


def _ways_to_say(region: Region, name: str) -> Iterator[Name]:
    stem = SUFFIX.sub("", name)
    suffix = name[len(stem) :]
    yield Name(region, name, Form.WHOLE)
    if len(stem) < 2:
        return
    if suffix:
        yield Name(region, stem, Form.BARE)
    for short in _SHORT_SUFFIXES.get(suffix, ()):
        yield Name(region, stem + short, Form.CUT)
    if suffix == _MINORITY:
        for at in range(len(suffix)):
            yield Name(region, stem + suffix[:at] + suffix[at + 1 :], Form.CUT)
    for at in range(len(stem)):
        yield Name(region, stem[:at] + stem[at + 1 :] + suffix, Form.CUT)


def _sounds(text: str) -> set[str]:
    """The name's folded sound: read as a phrase, and character by character."""
    phrase = "".join(sounds.symbol_of(sounds.fold_syllable(one)) for one in lazy_pinyin(text))
    return {sounds.fold(text)} | ({phrase} if len(phrase) == len(text) else set())


def _hit(said: str, start: int, name: Name) -> Hit:
    same = sum(a == b for a, b in zip(said, name.text, strict=True))
    return Hit(start, start + len(said), name, _likeness(said, name, same), same)


def _likeness(said: str, name: Name, same: int) -> Likeness:
    if same == len(said):
        return Likeness.EXACT
    suffix = SUFFIX.search(name.text)
    cut = suffix.start() if suffix and name.form is not Form.BARE else len(said)
    if cut < len(said) and (said[cut:] == name.text[cut:] or said[:cut] == name.text[:cut]):
        return Likeness.PARTLY
    if all(sounds.toned(a) == sounds.toned(b) for a, b in zip(said, name.text, strict=True)):
        return Likeness.TONED
    return Likeness.PARTLY if same * 2 >= len(said) and same >= 2 else Likeness.FAINT
