"""Which town and village the matter is in, out of all that the caller names."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tickets.draft.gazetteer import Form, Gazetteer, Hit, Likeness, Region
from tickets.draft.heard import BREAK, Heard
from tickets.draft.place_words import OfOneTown, everyday, is_place
from tickets.draft.turns import Field

_SURE = {Likeness.EXACT: 0.97, Likeness.PARTLY: 0.88, Likeness.TONED: 0.75, Likeness.FAINT: 0.5}
_LESS = {Form.WHOLE: 0.0, Form.BARE: 0.05, Form.CUT: 0.15}
_ONWARD = re.compile("[去往到至][^\n]{1,5}(?:[那这]段|段路|的路|方向|收费站|高速)")
"""A road from one place to another is in neither for certain."""
_TOWARDS = re.compile("[去往到至开]$")
_AWAY = re.compile("方向|的那[个条]|的[那这]?个?长?(?:路|隧道|高速)")
_NOWHERE = -200.0
_COMMON = 0.25
_CORRECTING = 0.45
_BOTH = 0.25
"""Town and village said together weigh more than one of them."""
_NEAR = 6
_DENIED = re.compile("(?<!是)(?:不是|不得是|(?<!得)不在|没在|莫去|不属于|不归|并非|不是在|不是说|又不是)$")
_CORRECTED = re.compile("不对|错了|说错|搞错|记错|讲错|口误|不不|应该是|不是|哦是|更正|说拐了|搞反|弄错|是在")
_HOME = re.compile(
    "(?:我(?:家|屋头|人|们)?(?:就|现在|目前|一直)?(?:住|住在|在)|老家(?:是|在)?|户口(?:是|在|还在)?|户籍(?:是|在)?|娘家(?:是|在)?|婆家(?:是|在)?"
    "|我(?:本来)?是|嫁到|嫁在|搬到|打工在|在外|屋头才?在|屋头是|家才?在|人在|我本人在|出生|我从|妈在|爸在|女在|儿在|亲戚在|现在住|上班在|店在|住在|住)(?:了|的|到|起)?$"
)
_SCENE = re.compile(
    "(?:事(?:情)?(?:是|出)?在|发生在|出在|地点|位置|地方(?:是|在)?|就在|路过|走到|工地在|田在|地在|房子在|门市在|厂在|但是|经过|说的是|反映的是|问的是|事是)[^\n]{0,4}$"
)
_COMPARED = re.compile("(?:像|听说|比|人家|别个|隔壁|以前在|原来在|昨天去|转到|送到|医院在)$")
_PEOPLE = re.compile("的?人(?!行|家)|的村民|的居民|卫生院|医院|派出所来|人民医院")
_WAY = re.compile("(?:到|往|去|至|走|开到|通往|通到)[^\n]{0,2}$")


@dataclass(frozen=True, slots=True)
class Mention:
    """One place as the caller named it."""

    start: int
    end: int
    region: Region
    sure: float
    score: float = 0.0
    """How well it fits as the place of the matter; starts below 0 for a stem or a common word."""
    plain: bool = True
    """The whole name, not a stem or a piece of it."""


class Places:
    """Towns and villages of one county, handed in as rows."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        self._last: tuple[Any, list[Mention]] = (None, [])
        """One draft asks twice about the same words. Replaced whole, so that threads need no lock."""

    def mentions(self, heard: Heard) -> list[Mention]:
        """Every place named, in order; a town said with its village is one mention."""
        clear, at = heard.without_doubles()
        return [replace(one, start=at[one.start], end=at[one.end - 1] + 1) for one in self._mentions(clear)]

    def _mentions(self, heard: Heard) -> list[Mention]:
        key = (heard.text, tuple(heard.asked_before.items()))
        last = self._last
        if last[0] != key:
            self._last = last = (key, self._search(heard))
        return last[1]

    def _search(self, heard: Heard) -> list[Mention]:
        hits = self._gazetteer.hits(heard)
        by_town: dict[str, list[Hit]] = {}
        for hit in hits:
            by_town.setdefault(hit.region.town, []).append(hit)
        towns = {town: OfOneTown(of_town) for town, of_town in by_town.items()}
        believed = [hit for hit in hits if is_place(heard, hit, towns[hit.region.town])]
        return _joined(_settled(believed), heard.text)

    def find(self, heard: Heard) -> tuple[Field[str], Field[str]]:
        """Town and village of the matter; null where two are equally likely."""
        heard, _ = heard.without_doubles()
        mentions = _ways([_weighed(one, heard.text) for one in self._mentions(heard)], heard.text)
        mentions = _left(_corrected(mentions, heard.text), heard)
        if not mentions:
            return Field(), Field()
        best = max(mentions, key=lambda one: (one.score, one.region.village is not None))
        rivals = [one for one in mentions if one.score == best.score and not _agree(one.region, best.region)]
        if rivals:
            return self._common([best, *rivals], heard)
        best = _completed(best, mentions)
        evidence = heard.evidence(best.start, best.end)
        sure = best.sure * (0.85 if any(not _agree(one.region, best.region) for one in mentions) else 1.0)
        town = Field(best.region.town, sure, evidence) if best.region.town else Field[str]()
        return town, Field(
            best.region.village,
            sure if best.region.village else 0.0,
            evidence if best.region.village else None,
        )

    def _common(self, tied: Sequence[Mention], heard: Heard) -> tuple[Field[str], Field[str]]:
        first = tied[0]
        if len({one.region.town for one in tied}) == 1:
            return Field(first.region.town, first.sure, heard.evidence(first.start, first.end)), Field()
        if all(_WAY.search(heard.text[max(0, one.start - 4) : one.start]) for one in tied[1:]):
            return Field(), Field()
        villages = [one for one in tied if one.region.village]
        chosen = villages[0] if len(villages) == 1 else first
        evidence = heard.evidence(chosen.start, chosen.end)
        if chosen.sure < 0.6:
            return Field(), Field()
        return Field(chosen.region.town, 0.5, evidence), Field(chosen.region.village, 0.5, evidence)


def _left(mentions: Sequence[Mention], heard: Heard) -> list[Mention]:
    """Without what was denied; a name after 不是 that nobody asked about corrects something misheard."""
    kept = [one for one in mentions if one.score > -50]
    denied = [one for one in mentions if one.score > _NOWHERE]
    if kept or not denied:
        return kept
    last = denied[-1]
    asked = heard.asked_before.get(heard.turn_of(last.start), "")
    named = heard.text[last.start : last.end] in asked or last.region.town in asked
    return [] if named else [replace(last, score=0.0, sure=min(last.sure, _CORRECTING))]


def _agree(one: Region, other: Region) -> bool:
    return one.town == other.town and (not one.village or not other.village or one.village == other.village)


def _rank(hit: Hit) -> tuple[float, ...]:
    return (
        hit.end - hit.start if hit.likeness >= Likeness.TONED else 0,
        hit.likeness,
        hit.same_chars,
        hit.name.form is Form.WHOLE,
    )


def _settled(hits: Sequence[Hit]) -> list[Mention]:
    """The best reading of each stretch of words; several equally good ones stay unsettled."""
    ordered = sorted(hits, key=_rank, reverse=True)
    towns = {hit.region.town for hit in hits if hit.is_town}
    equals: dict[tuple[float, ...], list[Hit]] = {}
    for hit in ordered:
        equals.setdefault((hit.start, hit.end, *_rank(hit)), []).append(hit)
    taken: list[Hit] = []
    covered: set[int] = set()
    for hit in ordered:
        if not covered.isdisjoint(range(hit.start, hit.end)):
            continue
        same = equals[hit.start, hit.end, *_rank(hit)]
        chosen = _one_of([hit, *(other for other in same if other is not hit)], towns)
        if chosen is not None:
            taken.append(chosen)
            covered.update(range(chosen.start, chosen.end))
    return sorted((_mention(hit) for hit in taken), key=lambda one: one.start)


def _one_of(options: Sequence[Hit], towns: Collection[str]) -> Hit | None:
    """The only reading, else the town itself, else the village of a town that was said."""
    if len(options) == 1:
        return options[0]
    fitting = [one for one in options if one.is_town] or [one for one in options if one.region.town in towns]
    return fitting[0] if len({one.region for one in fitting}) == 1 else None


def _mention(hit: Hit) -> Mention:
    whole = hit.name.form is Form.WHOLE
    weak = hit.likeness < Likeness.PARTLY or hit.name.form is Form.CUT or everyday(hit)
    score = -0.25 * (not whole) - 0.25 * weak - 0.05 * (hit.likeness < Likeness.EXACT)
    sure = _SURE[hit.likeness] - _LESS[hit.name.form] - _COMMON * (everyday(hit) and not whole)
    return Mention(hit.start, hit.end, hit.region, sure, score, whole)


def _joined(mentions: Sequence[Mention], text: str) -> list[Mention]:
    joined: list[Mention] = []
    for one in mentions:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.region.village is None
            and one.region.village
            and before.region.town == one.region.town
            and one.start - before.end <= _NEAR
            and not _CORRECTED.search(text[before.end : one.start])
        ):
            joined[-1] = replace(
                one, start=before.start, sure=max(one.sure, min(0.95, one.sure + 0.1)), score=_BOTH
            )
        else:
            joined.append(one)
    return joined


def _weighed(one: Mention, text: str) -> Mention:
    before = text[max(0, one.start - 12) : one.start].split(BREAK)[-1]
    after = text[one.end : one.end + 10].split(BREAK)[0]
    score = one.score
    if _DENIED.search(before):
        return replace(one, score=-100.0)
    if one.region.village is None and (
        _ONWARD.match(after) or (_TOWARDS.search(before) and _AWAY.match(after))
    ):
        return replace(one, score=_NOWHERE)
    if _HOME.search(before):
        score -= 1
    if _COMPARED.search(before):
        score -= 2
    if _SCENE.search(before):
        score += 2
    if _PEOPLE.match(after):
        score -= 1
    return replace(one, score=score)


def _ways(mentions: Sequence[Mention], text: str) -> list[Mention]:
    """甲高镇摩天村到安家: a road is looked for where it begins if that end is named exactly."""
    out: list[Mention] = []
    for one in mentions:
        before = out[-1] if out else None
        if (
            before
            and before.region.village
            and before.region.town == one.region.town
            and one.start - before.end <= 4
            and _WAY.search(text[before.end : one.start])
        ):
            one = replace(one, score=one.score - 1)
        out.append(one)
    return out


def _corrected(mentions: Sequence[Mention], text: str) -> list[Mention]:
    """A place said after 不对 / 说错了 takes the place of the one before it."""
    out: list[Mention] = []
    standing: dict[Region, list[int]] = {}
    for one in mentions:
        if out and out[-1].region != one.region:
            gap = text[out[-1].end : one.start]
            denied_now = one.score <= -100
            if (
                len(gap) <= 20
                and _CORRECTED.search(gap.replace("是不是", ""))
                and not denied_now
                and _takes_back(gap)
            ):
                for region in [region for region in standing if not _agree(region, one.region)]:
                    for at in standing.pop(region):
                        out[at] = replace(out[at], score=-100.0)
                one = replace(one, score=one.score + 5)
            elif denied_now and len(gap) <= _NEAR and one.plain and not out[-1].plain:
                one = replace(one, score=5.0)
                out[-1] = replace(out[-1], score=-100.0)
            elif denied_now and len(gap) <= 8:
                out[-1] = replace(out[-1], score=out[-1].score + 5)
        standing.setdefault(one.region, []).append(len(out))
        out.append(one)
    return out


def _takes_back(gap: str) -> bool:
    return bool(
        re.search(
            "不对|错了|说错|搞错|记错|讲错|口误|不不|应该是|更正|说拐|搞反|弄错|^(?:的|那边|这边)?不是", gap
        )
    )


def _completed(best: Mention, mentions: Sequence[Mention]) -> Mention:
    """A village of the same town said elsewhere completes a town alone."""
    if best.region.village:
        return best
    villages = {
        one.region
        for one in mentions
        if one.region.town == best.region.town and one.region.village and one.score >= -2
    }
    return replace(best, region=villages.pop()) if len(villages) == 1 else best
