"""Names of towns and villages found in speech: as written, as they sound, or by their bare stem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import ahocorasick
from pypinyin import lazy_pinyin

from tickets.draft import sounds
from tickets.draft.heard import BREAK, Heard
from tickets.draft.lexicons import words


@dataclass(frozen=True, slots=True)
class Region:
    """One row of the gazetteer: a village and its town, or a town alone."""

    town: str
    village: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """One way to say a region."""

    region: Region
    text: str
    bare: bool
    """The suffix (村, 镇, 社区 …) is left out."""


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


_SUFFIX = re.compile("(?:土家族乡|街道|社区|[镇乡村])$")
_LEADS = re.compile(
    r"(?:是|在|住|到|从|往|去|来|走|的|于|跑|属于|我们|我们这|我|就|转|下|过|回|搞|镇|乡|街道|\n|^)$"
)
_FOLLOWS = re.compile(
    "[那这](?:边|里|点|儿|头|块|面|一|个|段|哈|地|几)|街上|老街|正街|街道?|场镇|场上|镇上|乡上|乡里|镇|乡|的|村委|大队|[一二三四五六七八九十0-9]{1,2}[组社]"
    "|卫生院|派出所|小学|中学|敬老院|政府|车站|居委会|收费站|上头|下头|场口|集镇|乡场|工业园|涵洞|过来|出来|人|本地|电站|农贸|菜市场|的社区|岔路|水库|坝|到|往|去|\n|$"
)
_FIRM = re.compile(
    "[那这](?:边|里|点|儿|头|块|一带|一片|地方)|街上|场镇|场上|镇上|乡上|乡里|村委|大队|[一二三四五六七八九十0-9]{1,2}[组社]|的社区|社|村"
)
_NOT_A_PLACE = re.compile(
    "城|大桥|路|大道|峡|宫|广场|山|大厦|宾馆|酒店|河|红绿灯路口|中国|话|公正|合理|壹号|一号|国际|名都|花园|小区|公馆|证|竞争|交易|不|点"
)


class Gazetteer:
    """All names of all regions; built once, asked for every draft."""

    def __init__(self, regions: Iterable[Region]) -> None:
        self.regions = tuple(dict.fromkeys(regions))
        self._automaton = _new_automaton()
        by_sound: dict[str, list[Name]] = {}
        for name in dict.fromkeys(self._names()):
            for sound in _sounds(name.text):
                by_sound.setdefault(sound, []).append(name)
        for sound, names in by_sound.items():
            self._automaton.add_word(sound, (len(sound), tuple(names)))
        if by_sound:
            self._automaton.make_automaton()
        self._empty = not by_sound

    def _names(self) -> Iterator[Name]:
        for region in self.regions:
            town = Region(region.town)
            yield Name(town, region.town, bare=False)
            stem = _SUFFIX.sub("", region.town)
            if region.town.endswith("土家族乡"):
                yield Name(town, stem + "乡", bare=False)
            yield Name(town, stem, bare=True)
            if region.village:
                yield Name(region, region.village, bare=False)
                bare = _SUFFIX.sub("", region.village)
                if len(bare) > 1:
                    yield Name(region, bare, bare=True)

    def hits(self, heard: Heard) -> list[Hit]:
        """Every believable match, overlapping ones too."""
        if self._empty:
            return []
        found: list[Hit] = []
        last: int
        length: int
        names: tuple[Name, ...]
        for last, (length, names) in self._automaton.iter(heard.sounds):
            start = last - length + 1
            for name in names:
                hit = _judge(heard.text, start, last + 1, name)
                if hit is not None:
                    found.append(hit)
        return found


def _new_automaton() -> Any:
    return ahocorasick.Automaton()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _sounds(text: str) -> set[str]:
    """The name's folded sound: read as a phrase, and character by character."""
    phrase = "".join(sounds.symbol_of(sounds.fold_syllable(one)) for one in lazy_pinyin(text))
    return {sounds.fold(text)} | ({phrase} if len(phrase) == len(text) else set())


def _judge(text: str, start: int, end: int, name: Name) -> Hit | None:
    said = text[start:end]
    same = sum(a == b for a, b in zip(said, name.text, strict=True))
    likeness = _likeness(said, name, same)
    hit = Hit(start, end, name, likeness, same)
    return hit if name.bare or _whole_name(text, hit) else None


def _likeness(said: str, name: Name, same: int) -> Likeness:
    if same == len(said):
        return Likeness.EXACT
    suffix = _SUFFIX.search(name.text)
    cut = suffix.start() if suffix and not name.bare else len(said)
    if cut < len(said) and (said[cut:] == name.text[cut:] or said[:cut] == name.text[:cut]):
        return Likeness.PARTLY
    if all(sounds.toned(a) == sounds.toned(b) for a, b in zip(said, name.text, strict=True)):
        return Likeness.TONED
    return Likeness.PARTLY if same * 2 >= len(said) and same >= 2 else Likeness.FAINT


def _whole_name(text: str, hit: Hit) -> bool:
    before = text[max(0, hit.start - 4) : hit.start]
    if len(hit.name.text) == 2:
        return hit.likeness is Likeness.EXACT and bool(_LEADS.search(before) or before[-1:] in "乡镇")
    if hit.likeness is Likeness.EXACT or hit.likeness is Likeness.PARTLY:
        return True
    return bool(_LEADS.search(before)) and hit.likeness is Likeness.TONED


def bare_is_place(text: str, hit: Hit, *, town_near: bool) -> bool:
    """Whether a stem without suffix (石马, 草堂) is a place here and not a common word."""
    before = text[max(0, hit.start - 4) : hit.start]
    after = text[hit.end : hit.end + 6]
    firm = bool(_FIRM.match(after))
    if _NOT_A_PLACE.match(after) and not firm:
        return False
    leads, follows = bool(_LEADS.search(before)), bool(_FOLLOWS.match(after))
    if hit.likeness is Likeness.FAINT:
        return (town_near and leads) or (firm and (leads or hit.same_chars > 0))
    exact = hit.likeness is Likeness.EXACT
    if town_near:
        return exact or leads or follows
    if hit.name.text in words("everyday_stems"):
        return exact and firm and (leads or hit.name.region.village is None)
    if hit.name.region.village is None and exact:
        return leads or follows
    return (firm and (exact or leads)) or (exact and leads and after[:1] in ("", BREAK))
