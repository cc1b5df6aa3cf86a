"""Whether words that sound like a place are one here: by what stands around them, and what was asked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from tickets.draft.gazetteer import Form, Hit, Likeness
from tickets.draft.heard import BREAK, Heard
from tickets.draft.lexicons import rows, words

_LEADS = re.compile(
    r"(?:是|在|住|到|从|往|去|来|走|的|于|跑|属于|我们|我们这|我|就|转|下|过|回|搞|镇|乡|街道|\n|^)$"
)
_FOLLOWS = re.compile(
    "[那这](?:边|里|点|儿|头|块|面|一|个|段|哈|地|几)|街上|老街|正街|街道?|场镇|场上|镇上|乡上|乡里|镇|乡|的|村委|大队|[一二三四五六七八九十0-9]{1,2}[组社]"
    "|卫生院|派出所|小学|中学|初中|码头|服务区|敬老院|政府|车站|居委会|收费站|上头|下头|集镇|乡场|工业园|涵洞|过来|出来|人|本地|电站|农贸|菜市场|的社区|岔路|水库|坝|到|往|去|\n|$"
)
_FIRM = re.compile(
    "[那这](?:边|里|点|儿|头|块|一带|一片|地方)|街上|场镇|场上|场口|镇上|乡上|乡里|村委|大队|[一二三四五六七八九十0-9]{1,2}[组社]|的社区|社|村"
)
_NOT_A_PLACE = re.compile(
    "城|大桥|路|大道|峡|宫|广场|山|大厦|庄|佳苑|家园|花城|宾馆|酒店|河|红绿灯路口|中国|话|公正|合理|壹号|一号|国际|名都|花园|小区|公馆|证|竞争|交易|不|点"
)
_LIES_THERE = re.compile("大桥|路|广场|小区|宾馆|酒店|花园|不")
_ASKS_PLACE = re.compile(
    "哪里|哪儿|哪个|哪边|哪一?[村镇乡条座]|哪所|在哪|地址|位置|地点|地方|路段|具体|什么地|社区|村|镇|乡|户口|单位|学校|住"
)
_COUNTED = re.compile("[零一二两三四五六七八九十百千万亿]{2,}")
_ANSWER = 16
"""So near the beginning of his turn the caller still answers what he was asked."""
_NEAR = 6
_CELL = 16
"""Characters looked up together."""
_BESIDE = 1
_TOWN_ENDS = ("镇", "乡")


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a hit."""

    said: str
    leads: bool
    follows: bool
    firm: bool
    ends: bool
    begins: bool
    asked: bool
    other: bool
    """The next words make something else of it (白帝城, 公平合理)."""
    after_town: bool
    """镇 or 乡 stands before it."""
    within: bool
    """That something would still lie there (车家坝广场)."""


def around(heard: Heard, hit: Hit) -> Around:
    """Look at both sides of a hit."""
    before, after = heard.text[max(0, hit.start - 4) : hit.start], heard.text[hit.end : hit.end + 6]
    firm = bool(_FIRM.match(after))
    begin = heard.begin_of(hit.start)
    question = heard.asked_before.get(heard.turn_of(hit.start), "")
    return Around(
        said=heard.text[hit.start : hit.end],
        leads=bool(_LEADS.search(before)),
        follows=bool(_FOLLOWS.match(after)),
        firm=firm,
        ends=after[:1] in ("", BREAK),
        begins=hit.start == begin,
        asked=hit.start - begin <= _ANSWER and bool(_ASKS_PLACE.search(question)),
        other=bool(_NOT_A_PLACE.match(after)) and not firm,
        after_town=before[-1:] in _TOWN_ENDS,
        within=bool(_LIES_THERE.match(after)),
    )


class OfOneTown:
    """All hits of one town, found by where they stand: only near ones can back each other."""

    def __init__(self, hits: Iterable[Hit]) -> None:
        self._cells: dict[int, list[Hit]] = {}
        self.town_said = False
        for hit in hits:
            for cell in range(hit.start // _CELL, hit.end // _CELL + 1):
                self._cells.setdefault(cell, []).append(hit)
            if hit.is_town and hit.name.form is Form.WHOLE and hit.likeness is Likeness.EXACT:
                self.town_said = True

    def near(self, hit: Hit) -> Iterable[Hit]:
        """Every hit within reach; some that stand a little farther, and some twice."""
        for cell in range((hit.start - _NEAR) // _CELL, (hit.end + _NEAR) // _CELL + 1):
            yield from self._cells.get(cell, ())


def backed(hit: Hit, hits: OfOneTown) -> bool:
    """The other half of the name, village or town, is said beside it."""
    return any(_backs(hit, other) for other in hits.near(hit))


def _backs(hit: Hit, other: Hit) -> bool:
    if hit.is_town == other.is_town or hit.name.text == other.name.text:
        return False
    town_first = hit.is_town == (hit.start < other.start)
    gap = max(hit.start, other.start) - min(hit.end, other.end)
    if gap < 0:
        return False
    if gap <= _BESIDE:
        return other.name.form is not Form.CUT or hit.name.form is Form.WHOLE or other.same_chars > 1
    return (
        gap <= _NEAR and other.likeness >= Likeness.PARTLY and (town_first or other.name.form is Form.WHOLE)
    )


def is_place(heard: Heard, hit: Hit, hits: OfOneTown) -> bool:
    """The decision for one hit; `hits` are all of the call that are of the same town."""
    seen = around(heard, hit)
    if hit.name.form is Form.WHOLE:
        return _whole(hit, seen, hits)
    rare = hit.likeness is Likeness.EXACT and not hit.is_town and not everyday(hit)
    if seen.other and not (rare and seen.within):
        return False
    if hit.name.form is Form.CUT:
        return _cut(hit, seen, hits)
    return _bare(hit, seen, hits)


def _whole(hit: Hit, seen: Around, hits: OfOneTown) -> bool:
    if len(hit.name.text) == 2:
        known = seen.leads if hit.name.text != "回村" else seen.ends or seen.asked
        known = known and not seen.after_town
        return hit.likeness is Likeness.EXACT and (known or backed(hit, hits))
    if hit.likeness is not Likeness.EXACT and _COUNTED.match(seen.said):
        return False
    if hit.likeness >= Likeness.PARTLY:
        return True
    if hit.likeness is Likeness.TONED:
        return seen.leads or seen.follows or seen.asked or backed(hit, hits)
    return (seen.leads and (seen.follows or seen.asked)) or backed(hit, hits)


def _cut(hit: Hit, seen: Around, hits: OfOneTown) -> bool:
    if backed(hit, hits):
        return hit.likeness is Likeness.EXACT or hit.same_chars > 0
    if hit.likeness is not Likeness.EXACT or everyday(hit):
        return False
    opened = seen.leads or seen.begins or seen.asked
    if hit.is_town:
        return opened and seen.follows
    if len(hit.name.text) > 2:
        return opened or seen.follows
    return opened and (seen.follows or hits.town_said)


def _bare(hit: Hit, seen: Around, hits: OfOneTown) -> bool:
    exact = hit.likeness is Likeness.EXACT
    if backed(hit, hits):
        return exact or seen.leads or seen.follows or seen.begins
    if everyday(hit):
        return exact and _as_a_place(hit, seen)
    if exact:
        return True
    if seen.said in words("everyday_stems"):
        return False
    opened, closed = seen.leads or seen.begins, seen.follows or seen.ends
    if hit.likeness is Likeness.FAINT:
        near = hit.same_chars > 0
        answer = seen.asked and seen.begins
        return (seen.firm and (opened or near)) or (near and (answer or (opened and closed)))
    if seen.firm or seen.ends or len(seen.said) > 2:
        return True
    return (seen.asked and seen.begins) or (hit.is_town and opened and closed)


def _as_a_place(hit: Hit, seen: Around) -> bool:
    """A common word (平安, 三江) said where only a place can stand."""
    if seen.firm and (seen.leads or hit.is_town):
        return True
    if seen.ends and (seen.begins or seen.asked or _like_a_name(hit)):
        return True
    return seen.asked and seen.begins and seen.follows


def _like_a_name(hit: Hit) -> bool:
    """A common word, yet hardly the last one of what somebody says (三江, 明月; not 码头, 市场)."""
    return hit.name.text in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(row["word"] for row in rows("everyday_stems") if row["kind"] == "name")


def everyday(hit: Hit) -> bool:
    """The stem is a common word as well."""
    return hit.name.text in words("everyday_stems")
