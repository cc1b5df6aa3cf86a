"""Which town and village the matter is in, out of all that the caller names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tickets.draft.gazetteer import Gazetteer, Hit, Likeness, Region, bare_is_place
from tickets.draft.heard import BREAK, Heard
from tickets.draft.turns import Field

_SURE = {Likeness.EXACT: 0.97, Likeness.PARTLY: 0.88, Likeness.TONED: 0.75, Likeness.FAINT: 0.5}
_NEAR = 6
_DENIED = re.compile("(?<!是)(?:不是|不得是|不在|没在|莫去|不属于|不归|并非|不是在|不是说|又不是)$")
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


class Places:
    """Towns and villages of one county, handed in as rows."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def mentions(self, heard: Heard) -> list[Mention]:
        """Every place named, in order; a town said with its village is one mention."""
        hits = self._gazetteer.hits(heard)
        whole = [hit for hit in hits if not hit.name.bare]
        towns = [hit for hit in hits if hit.name.region.village is None]
        for hit in hits:
            if hit.name.bare and bare_is_place(heard.text, hit, town_near=_town_near(hit, towns, heard.text)):
                whole.append(hit)
        return _joined(_settled(whole), heard.text)

    def find(self, heard: Heard) -> tuple[Field[str], Field[str]]:
        """Town and village of the matter; null where two are equally likely."""
        mentions = _ways([_weighed(one, heard.text) for one in self.mentions(heard)], heard.text)
        mentions = _corrected(mentions, heard.text)
        mentions = [one for one in mentions if one.score > -50]
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


def _agree(one: Region, other: Region) -> bool:
    return one.town == other.town and (not one.village or not other.village or one.village == other.village)


def _town_near(hit: Hit, towns: Sequence[Hit], text: str) -> bool:
    if hit.name.region.village is None:
        return False
    return any(
        town.name.region.town == hit.name.region.town
        and town.likeness >= Likeness.PARTLY
        and (
            0 <= hit.start - town.end <= _NEAR or (0 <= town.start - hit.end <= _NEAR and not town.name.bare)
        )
        for town in towns
    )


def _settled(hits: Sequence[Hit]) -> list[Mention]:
    """The best reading of each stretch of words; several equally good ones stay unsettled."""

    def rank(hit: Hit) -> tuple[float, ...]:
        return (
            hit.end - hit.start if hit.likeness >= Likeness.TONED else 0,
            hit.likeness,
            hit.same_chars,
            not hit.name.bare,
        )

    ordered = sorted(hits, key=rank, reverse=True)
    towns = {hit.name.region.town for hit in hits if hit.name.region.village is None}
    taken: list[Hit] = []
    for hit in ordered:
        if any(hit.start < other.end and other.start < hit.end for other in taken):
            continue
        equals = [
            other
            for other in ordered
            if other is not hit
            and (other.start, other.end) == (hit.start, hit.end)
            and rank(other) == rank(hit)
        ]
        if equals:
            options = [one for one in (hit, *equals) if one.name.region.village is None] or [
                one for one in (hit, *equals) if one.name.region.town in towns
            ]
            if len({one.name.region for one in options}) != 1:
                continue
            hit = options[0]
        taken.append(hit)
    found = [
        Mention(hit.start, hit.end, hit.name.region, _SURE[hit.likeness] - 0.05 * hit.name.bare)
        for hit in taken
    ]
    return sorted(found, key=lambda one: one.start)


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
            joined[-1] = replace(one, start=before.start, sure=max(one.sure, min(0.95, one.sure + 0.1)))
        else:
            joined.append(one)
    return joined


def _weighed(one: Mention, text: str) -> Mention:
    before = text[max(0, one.start - 12) : one.start].split(BREAK)[-1]
    after = text[one.end : one.end + 6].split(BREAK)[0]
    score = 0.0
    if _DENIED.search(before):
        return replace(one, score=-100.0)
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
                out = [
                    replace(old, score=-100.0) if not _agree(old.region, one.region) else old for old in out
                ]
                one = replace(one, score=one.score + 5)
            elif denied_now and len(gap) <= 8:
                out[-1] = replace(out[-1], score=out[-1].score + 5)
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
