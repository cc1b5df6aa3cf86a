"""Turns of danger are looked at apart from the rest of a call, with all that takes them back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.vocabulary import Speaker
from tickets.draft.corpus import read_turns
from tickets.draft.told_apart import told_apart
from tickets.draft.turns import CALLER, Turn


def apart(call: str) -> list[str]:
    turns = read_turns(call)
    return [" / ".join(turns[at].text for at in chosen) for chosen in told_apart(turns)]


def test_a_call_of_one_turn_stands_as_it_is() -> None:
    assert apart("屋头着火了") == []
    assert apart("O:您好 / 屋头着火了 / O:在哪里") == []


def test_a_danger_beside_another_matter_is_looked_at_alone() -> None:
    assert apart("我想问你们几点下班 / 河里头有人落水了") == ["河里头有人落水了"]
    assert apart("河里头有人落水了 / O:好的 / 我们的工资还没发") == ["河里头有人落水了"]
    assert apart("我想问你们几点下班 / 工资还没发") == []


def test_its_question_and_what_takes_it_back_stay_with_it() -> None:
    assert apart("O:啥子事 / 屋头着火了 / O:好 / 我姓张 / O:人呢 / 没有没有 看错了") == [
        "啥子事 / 屋头着火了 / 人呢 / 没有没有 看错了"
    ]
    # What was said before takes nothing back
    assert apart("不是我们屋头 / 对门着火了") == ["对门着火了"]


@given(
    st.lists(
        st.builds(
            Turn,
            st.sampled_from([Speaker.CALLER, Speaker.SEAT]),
            st.sampled_from(["", "着火了", "没有", "救起来了", "我姓张", "停水了 ", "几点下班"]),
        ),
        max_size=12,
    )
)
def test_parts_are_turns_of_the_call_in_their_order(turns: list[Turn]) -> None:
    for chosen in told_apart(turns):
        assert list(chosen) == sorted(set(chosen))
        assert 0 <= chosen[0] <= chosen[-1] < len(turns)
        assert any(turns[at].speaker is CALLER for at in chosen)
