"""Who is complained of, reported or praised: the unit, trade or person, with what belongs to its name."""

from __future__ import annotations

import re
from functools import cache

from tickets.draft.heard import BREAK, Heard
from tickets.draft.lexicons import words
from tickets.draft.retold import told_at_last
from tickets.draft.turns import Field

KINDS = ("投诉", "举报", "表扬")
_PERSON = (
    "(?:老板娘?|司机|师傅|服务员|保安|安检员|医生|护士长?|护工|老师|班主任|校长|园长|教练|经理|店长|主任|副?局长|所长|院长|站长|会计|文书|书记|队长|组长"
    "|网格员|工作人员|办事员|窗口|干部|抢修人员|抢修队|维修工|保洁员?|清洁工|收费员|收银员|客服|业务员|快递员|骑手|房东|包工头|民警|辅警|协管员|食堂|工人|施工队)"
)
_BEFORE = (
    "(?:县|镇|乡|村|组|街上|校门口|楼上|楼下|隔壁|对门|对面|公交|出租车|网约车|校车|班车|客车|大客车|渣土车|货车|拖车|高速|养老院|民宿|宾馆|旅馆|早餐店"
    "|超市|药店|火锅店|烧烤店|餐馆|饭店|工地|学校|小学|中学|幼儿园|医院|卫生院|诊所|社区|物业|快递|外卖|驾校|机构|培训机构|健身房|美容院|理发店|加油站|停车场"
    "|派出所|供电所|供电公司|燃气公司|自来水公司|水厂|政务大厅|办事大厅|民政办|社保局|医保局|银行|菜市场|水果店|手机店|修车店|修理厂|砂石厂|石材厂|砖厂|养猪场)"
)
_WHO = re.compile(f"(?:{_BEFORE}(?:的|那个|里的|里头的)?){{0,2}}{_PERSON}")
_NEIGHBOUR = re.compile(
    "(?:楼[上下]|隔壁|对门)(?:那?家|邻居|的?(?:住户|人家|店|餐馆|火锅店|烧烤店|麻将馆))?|邻居"
)
_THING = (
    "(?:店|公司|厂|站|所|院|馆|局|中心|机构|班|队|社|铺子?|营业厅|司机|老板娘?|师傅"
    "|大哥|大姐|大爷|阿姨|姑娘|小伙子?|老师|医生|干部|人员|那家|房东|邻居)"
)
_OPENING = re.compile(
    "(?:^|\n|举报一?下?|投诉一?下?|表扬一?[下哈]?|反映一?[下哈]?|夸一?[下哈]|感谢|谢谢|要告|关于)"
    "(?:我要|我想|我们?|你们|县里|那个|这个|有个|有家|有)?"
    "(?P<who>(?![我你他她它们就是要想]|举报|投诉|表扬|反映|夸|感谢|谢谢)[^\n我你他她是在有把给说到去就都被遭]{1,7}?"
    f"{_THING}(?:的(?:老板|司机|师傅|人|{_THING}))?)(?![里外上下面前后门旁])"
)
_BY_TRADE = re.compile(
    "(?:^|\n|那个|那些|几个|有个)(?P<who>[修卖养管收抄送拉开放搞][^\n我你他她的了到在]{1,3}的)(?!时候|钱|话|东西|人多)"
)
_PLACE_ONLY = re.compile(
    "门口|门前|旁边|围墙|外面|外头|对面|背后|附近|门外|里(?!的|头的)|后门|大门|那边|这边|路口|过来|楼下|周边|上"
)
_ONLY_TOLD = re.compile("(?:到|去|在|给|跟|和|喊|叫|问|找|送|是不是|住进?|从|对|靠|我们?|进|卖给|为|告诉)$")
_TOLD_LONGEST = 4
_EARLY = 0.0125
"""What each character before it takes off: who is accused is named first."""
_WORTH = -0.6


def find_respondent(heard: Heard, kind: str | None) -> Field[str]:
    """The best named; null where the type has nobody to complain of or to praise."""
    if kind not in KINDS:
        return Field()
    text = heard.text
    parties = named(text)

    def best(first: int, last: int) -> tuple[int, int] | None:
        within = [span for span in parties if first <= span[0] <= last]
        found = max(within, key=lambda span: _worth(text, span), default=None)
        return found if found is not None and _worth(text, found) >= _WORTH else None

    span = best(0, len(text))
    if span is None:
        return Field()
    start, end = told_at_last(text, span, best)
    return Field(text[start:end], 0.6, heard.evidence(start, end))


def _worth(text: str, span: tuple[int, int]) -> float:
    start, end = span
    return (
        min(end - start, 6) / 6
        - _EARLY * start
        - 1.0 * bool(_PLACE_ONLY.match(text, end))
        - 0.7 * bool(_ONLY_TOLD.search(text[max(0, start - _TOLD_LONGEST) : start]))
    )


def named(text: str) -> list[tuple[int, int]]:
    """Every party that the rules see."""
    found = [match.span() for pattern in (_WHO, _NEIGHBOUR, _units()) for match in pattern.finditer(text)]
    found += [match.span("who") for match in _OPENING.finditer(text)]
    found += [match.span("who") for match in _BY_TRADE.finditer(text)]
    return [span for span in found if BREAK not in text[span[0] : span[1]]]


@cache
def _units() -> re.Pattern[str]:
    known = sorted(words("respondents") - {"社区"}, key=len, reverse=True)
    return re.compile(f"(?:{_BEFORE})?(?:{'|'.join(map(re.escape, known))})")
