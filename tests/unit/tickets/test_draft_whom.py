"""Who is complained of, reported or praised."""

from __future__ import annotations

import pytest

from tickets.draft.corpus import read_turns
from tickets.draft.heard import hear
from tickets.draft.whom import find_respondent


@pytest.mark.parametrize(
    ("call", "whom"),
    [
        ("物业收了钱不扫地 找了他们三回", "物业"),
        ("表扬一哈公交司机 捡到我的包送回来", "公交司机"),
        ("火锅店的服务员不给开发票", "火锅店的服务员"),
        ("养老院护工用脚提老爷爷", "养老院护工"),
        ("那个炸鸡店天天堵我门口", "炸鸡店"),
        ("渣土车天天从学校门口过 泥巴掉一路", "渣土车"),
        ("天天有人从学校门口过 泥巴掉一路", None),
        ("修路的把我们水管挖断了就跑了", "修路的"),
    ],
)
def test_the_party_with_what_belongs_to_its_name(call: str, whom: str | None) -> None:
    assert find_respondent(hear(read_turns(call)), "投诉").value == whom


def test_who_only_asks_complains_of_nobody() -> None:
    assert find_respondent(hear(read_turns("物业费怎么交")), "咨询").value is None
