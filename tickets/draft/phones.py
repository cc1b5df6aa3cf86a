"""The number to ring back on: every digit as said, none invented, the caller's last word wins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tickets.draft import sounds
from tickets.draft.heard import BREAK, Heard, hear
from tickets.draft.numbers import DIGIT_OF
from tickets.draft.turns import Field, Turn

_HEARD_AS = {
    "yao": "1", "yi": "1", "lin": "0", "er": "2", "san": "3", "si": "4", "wu": "5",
    "liu": "6", "qi": "7", "ba": "8", "jiu": "9",
}  # fmt: skip
_GUESSED = {digit: chr(0x2460 + int(digit)) for digit in "0123456789"}
_PLAIN = {guess: digit for digit, guess in _GUESSED.items()}
_GUESS = "".join(_PLAIN)
_NEVER = frozenset("是以已时事有")
_BETWEEN = frozenset("就吧把而其起")
"""Common words: a digit only inside a run of digits that is one number with them."""
_TOKEN = re.compile(f"([2-6])个([0-9])|双([0-9])|([0-9{_GUESS}]+?(?=[2-6]个[0-9])|[0-9{_GUESS}]+)")
_JOIN = re.compile(
    f"(?:{BREAK}|然后|再|接着|完了|后面|后头|最后|中间|尾号|是|的|哈|哦|对|好|逗号|记好没|记到没|记到了没|听到没|还有){{1,4}}"
)
_SAID = frozenset(DIGIT_OF)
_MOBILE = re.compile(r"1[3-9]\d{9}")
_FIXED = re.compile(r"0[1-9]\d{8,10}|[2-8]\d{6,7}")
_NOT_CONTACT = re.compile(
    "(?:他|她|它|对方|骗子|那边|那个人|人家|哪个|店里|老板|商家|公司|平台|中介|单位|房东|司机|贷款|陌生|客服|举报|快递)的?(?:电话|手机|号码|座机)"
    "|打来|打过来|打给我|来电|客服|卡号|身份证|订单|单号|户号|账号|账户|编号|车牌|工号|工单|快递|举报电话|热线|显示|冒充|诈骗|骚扰"
    "|微信号|打到[^卡]{0,3}$|打了?你们|打的是|拨打?的?是|受理号|证号|执照|尾号是?$|贵台"
)
_NEUTRAL = re.compile("电话|手机|座机|号码|号子|联系方式")
_MINE = re.compile(
    "我的?(?:号|电话|手机|号码|联系|座机)|联系我|打我|回我|通知我|找我|留个|我是|联系电话|记一下|记一哈|(?:儿|女|妹|哥|老公|老婆|屋头|家里|媳妇)[^他她]{0,3}(?:电话|号码|手机)"
)
_ASKS_PHONE = re.compile("电话|号码|联系方式|手机|怎么联系|联系您|回您")
_CORRECTS = re.compile(
    "不对|错了|说错|搞错|记错|报错|念错|更正|不是|重新|重来|换一?个|打这个|用这个|这个打不通|另外那个|以前的|停机|不用了|弄错|应该是|改成"
)
_CORRECTS_LONGEST = 5
_UNIT = re.compile("号楼|[栋幢楼层室组社元块万千百米月天岁年斤亩个]|单元|点[钟半]?")
_LONGEST, _SHORTEST, _STRAY = 11, 7, 2
_MOST_GUESSED = 4
_LARGE = frozenset("十百千万")
_LOCAL = re.compile(r"5\d{7}")
_OWN = {"56564444", "02356564444"}


@dataclass(frozen=True, slots=True)
class _Number:
    start: int
    end: int
    digits: str
    sure: float

    @property
    def whole(self) -> bool:
        return bool(_MOBILE.fullmatch(self.digits) or _FIXED.fullmatch(self.digits))


def find_phone(heard: Heard) -> Field[str]:
    """The contact number; null when none, or only somebody else's, was said."""
    best: _Number | None = None
    best_mine = False
    text = heard.text
    corrected = False
    looked = 0
    for number in _numbers(text):
        if best is not None and not corrected:
            near = _CORRECTS.search(text, max(best.end, looked - _CORRECTS_LONGEST), number.start)
            corrected, looked = near is not None, number.start
        if not number.whole or number.digits in _OWN or _foreign(heard, number):
            if best is not None:
                mended = _mended(best, number, text)
                corrected = corrected and mended is best
                best = mended
            continue
        mine = _is_mine(heard, number)
        corrects = best is not None and (corrected or _taken_back(text, best))
        if len(number.digits) < 8 and not (mine or corrects):
            continue
        if best is None or corrects or (mine and not best_mine) or best.digits == number.digits:
            best, best_mine, corrected = number, mine, False
    if best is None:
        return Field()
    return Field(
        best.digits, best.sure if best_mine else best.sure - 0.1, heard.evidence(best.start, best.end)
    )


def said_at(turns: Sequence[Turn]) -> Iterator[tuple[int, int, int]]:
    """Every number of seven digits or more, anybody's, that the caller said: turn, start, end."""
    heard = hear(turns)
    for number in _numbers(heard.text):
        if len(number.digits) >= _SHORTEST:
            for char in heard.chars[number.start : number.end]:
                if char.text != BREAK:
                    yield char.turn, char.at, char.at + 1


def _taken_back(text: str, number: _Number) -> bool:
    """不是七三六八五五二 是七三六八五五零."""
    return bool(re.search("(?<!是)不是$", text[max(0, number.start - 3) : number.start]))


def in_digits(text: str) -> str:
    """Same length: digits for digit words, circled digits for what only sounds like one."""
    seen: list[str] = []
    for at, char in enumerate(text):
        if char in DIGIT_OF:
            seen.append(DIGIT_OF[char])
        else:
            digit = _HEARD_AS.get(sounds.syllable(char)) if _may_be_digit(text, at) else None
            seen.append(_GUESSED[digit] if digit else char)
    return "".join(seen)


def _may_be_digit(text: str, at: int) -> bool:
    if text[at] in _NEVER:
        return False
    return text[at] not in _BETWEEN or (text[at - 1 : at] in _SAID and text[at + 1 : at + 2] in _SAID)


def _numbers(text: str) -> list[_Number]:
    view = in_digits(text)
    pieces = [piece for match in _TOKEN.finditer(view) if (piece := _piece(match))]
    found: list[_Number] = []
    at = 0
    while at < len(pieces):
        best, used = _settle(pieces[at], view), 1
        joined = pieces[at]
        for ahead in range(at + 1, min(at + 6, len(pieces))):
            gap = view[joined.end : pieces[ahead].start]
            if (best is not None and best.whole) or (gap and not _JOIN.fullmatch(gap)):
                break
            joined = _Number(joined.start, pieces[ahead].end, joined.digits + pieces[ahead].digits, 0.9)
            longer = _settle(joined, view)
            if longer is not None and longer.whole and longer.digits[0] in "01":
                best, used = longer, ahead - at + 1
                break
        if best is not None:
            found.append(best)
        at += used
    return found


def _piece(match: re.Match[str]) -> _Number | None:
    if match[1]:
        said = match[2] * int(match[1])
    elif match[3]:
        said = match[3] * 2
    else:
        said = match[4]
    if not any(char.isdigit() and char not in _GUESS for char in said):
        return None
    return _Number(match.start(), match.end(), said, 0.97)


def _settle(number: _Number, view: str) -> _Number | None:
    """Decide what only sounds like digits, and give back what belongs to a following unit."""
    said, start, end = number.digits, number.start, number.end
    literal = said.strip(_GUESS)
    lead = len(said) - len(said.lstrip(_GUESS))
    tail = len(said) - len(said.rstrip(_GUESS))
    plain = "".join(_PLAIN.get(char, char) for char in said)
    inner = plain[lead : len(plain) - tail]
    guesses = sum(char in _GUESS for char in literal)
    if len(inner) > _LONGEST:
        return _out_of_run(_Number(start + lead, end - tail, inner, 0.9), view)
    if _UNIT.match(view, end) and tail == 0 and len(inner) != _LONGEST:
        return None
    if guesses > _MOST_GUESSED:
        return None
    for before, after in ((1, 0), (2, 0), (0, 1), (0, 2), (1, 1)):
        whole = plain[lead - before : len(plain) - tail + after] if before <= lead and after <= tail else ""
        if _completes(inner, whole):
            return _Number(start + lead - before, end - tail + after, whole, 0.75)
    return _Number(start + lead, end - tail, inner, 0.97 if not guesses else 0.8)


def _completes(inner: str, whole: str) -> bool:
    """Whether what only sounds like digits makes a number whole that is not."""
    if _MOBILE.fullmatch(inner) or len(inner) < _SHORTEST:
        return False
    return bool(_MOBILE.fullmatch(whole) or (len(inner) == _SHORTEST and _LOCAL.fullmatch(whole)))


def _out_of_run(run: _Number, view: str) -> _Number:
    """The number in a longer run: said twice, begun again, or with a neighbour's digit on it."""
    said, extra = run.digits, len(run.digits) - _LONGEST
    first, last = said[:_LONGEST], said[-_LONGEST:]
    front = _Number(run.start, run.end - extra, first, 0.9)
    back = _Number(run.start + extra, run.end, last, 0.9)
    if _MOBILE.fullmatch(last) and (last.startswith(said[:extra]) or last.endswith(said[:extra])):
        return back
    if _MOBILE.fullmatch(first) and first.endswith(said[_LONGEST:]):
        return front
    if _MOBILE.fullmatch(last) and view[run.start - 1 : run.start] in _LARGE:
        return back
    if _MOBILE.fullmatch(first) and (extra <= _STRAY or _UNIT.match(view, run.end)):
        return front
    return run


def _before(heard: Heard, number: _Number) -> str:
    return re.split(r"[0-9零幺]{7,}", heard.text[max(0, number.start - 16) : number.start])[-1]


def _foreign(heard: Heard, number: _Number) -> bool:
    """Somebody else's number, or no telephone at all: the nearest word that says so decides."""
    before = _before(heard, number)
    answer = before.rsplit(BREAK, 1)[-1]
    asked = bool(_ASKS_PHONE.search(heard.asked_before.get(heard.turn_of(number.start), "")))
    if asked and not _NOT_CONTACT.search(re.sub("^[他她]的?(?:电话|号码|手机)", "", answer)):
        return False
    told = heard.text[max(0, number.start - 40) : number.start]
    if re.search("冒充|诈骗|骗子|号码报给你", told) and not _MINE.search(told):
        return True
    foreign = [one.end() for one in _NOT_CONTACT.finditer(before)]
    if not foreign:
        return False
    mine = [one.end() for one in _MINE.finditer(before)] + [one.end() for one in _NEUTRAL.finditer(before)]
    return not mine or max(mine) <= max(foreign)


def _is_mine(heard: Heard, number: _Number) -> bool:
    asked = heard.asked_before.get(heard.turn_of(number.start), "")
    near = heard.text[max(0, number.start - 10) : number.end + 8]
    return bool(_MINE.search(_before(heard, number)) or _ASKS_PHONE.search(asked) or _ASKS_PHONE.search(near))


_ANEW = re.compile("[哦啊嗯哎]?(?:不对|错了|说错了?|搞错了?|不是)(?:不对)?(?:应该)?是?")
_DICTATES = (
    "(?:念|报|说|搞|记|弄|打?错|反|重新|不对|应该|改[成为]"
    "|[尾巴号数字码头面边那这个几我你给的是为非了得该哈哦嘛就要第两一二三四五六七八位]){0,10}$"
)
"""What people say between the name of a part and its digits; any other word tells of something else."""
_BACK = re.compile(f"(?:尾|最后|后头|后面|末){_DICTATES}")
_FRONT = re.compile(f"(?:前面|开头|前头|头几|前[几三])[三四]?{_DICTATES}")
_NEAR = 8
"""So far from the name of the part, or behind the part, the word that corrects may be."""
_COUNTS = re.compile("[十百千万几多家间回次辆户人条件分头只种张层路节级期]")
_SAYS_PART = re.compile("(?:(?<!不)[是为成]|位)$")
_ENDS_PART = re.compile(f"{BREAK}|[哈嘛哦呢嘞咯你我记麻]|不是|$")
_PLACE_OF_PART = re.compile("(?:尾|位)[号数字]*(?:应该)?[是为]$")
_SERVICES = frozenset({"110", "114", "119", "120", "122", "12315", "12345", "12348", "56564444"})


def _mended(known: _Number, part: _Number, text: str) -> _Number:
    """The number with one part said anew (尾号不是八零是九零, 最后四位是 …)."""
    new = part.digits
    if not new or len(new) > 8 or part.start - known.end > 40 or not _is_part(part, text):
        return known
    between = text[known.end : part.start]
    behind = text[part.end : part.end + 6]
    if not _CORRECTS.search(between + behind):
        return known
    old = re.search(r"不是([0-9零幺一二三四五六七八九]+)[，是]*$", between)
    if old:
        said = "".join(DIGIT_OF[char] for char in old[1])
        return _replaced(known, part, said, new, front=bool(re.search("前|开头|头三", between)))
    if text[part.start - 2 : part.start] == "不是" or text[part.start - 1 : part.start] == "非":
        return known
    back, front = _BACK.search(between), _FRONT.search(between)
    named = back or front
    if named and not _CORRECTS.search(between[max(0, named.start() - _NEAR) :] + behind):
        return known
    if back or _ANEW.fullmatch(between):
        return _Number(known.start, part.end, known.digits[: -len(new)] + new, 0.85)
    if front:
        return _Number(known.start, part.end, new + known.digits[len(new) :], 0.85)
    return known


def _is_part(part: _Number, text: str) -> bool:
    """Whether these digits can be a part of a number: small ones mostly count something (三家, 一直)."""
    before, behind = text[max(0, part.start - 6) : part.start], text[part.end : part.end + 2]
    if behind.startswith(("位", "号")):
        return False
    if part.digits in _SERVICES:
        return bool(_PLACE_OF_PART.search(before))
    if len(part.digits) > 3:
        return True
    if _COUNTS.match(behind):
        return False
    told, ends = bool(_SAYS_PART.search(before)), bool(_ENDS_PART.match(behind))
    if len(part.digits) > 1:
        return told or ends or before.endswith(("不对", "错了", "不是"))
    return told and (ends or bool(_PLACE_OF_PART.search(before)))


def _replaced(known: _Number, part: _Number, said: str, new: str, *, front: bool) -> _Number:
    at = known.digits.find(said) if front else known.digits.rfind(said)
    if at < 0 or len(said) != len(new):
        return known
    return _Number(known.start, part.end, known.digits[:at] + new + known.digits[at + len(said) :], 0.85)
