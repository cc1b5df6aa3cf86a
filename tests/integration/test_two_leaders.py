"""Two leaders at one call: one takes it over, the other is told so, and nobody takes the caller from him."""

from __future__ import annotations

import pytest

from core.errors import IllegalTransition
from core.supervision_events import CallTakenOver
from core.supervision_words import Mode, SupervisionState
from core.vocabulary import CallState, Role
from tests.fakes.ear_house import CALL, HEAD, LEADER, House, T, open_house
from tests.integration.test_supervision_lives import taken


@pytest.mark.parametrize("heard_before", [False, True])
async def test_of_two_leaders_one_takes_the_call_over_and_the_other_is_told(*, heard_before: bool) -> None:
    async def work(house: House) -> None:
        if heard_before:
            await house.order(Mode.LISTEN, HEAD, Role.CENTRE_HEAD)
        await house.order(Mode.TAKE_OVER)
        with pytest.raises(IllegalTransition) as refused:
            await house.order(Mode.TAKE_OVER, HEAD, Role.CENTRE_HEAD)
        assert "另一位班长" in str(refused.value.facts["reason"])
        await house.deliver()
        house.ear.answer()
        await house.deliver()
        mine = await house.row(2 if heard_before else 1)
        assert (mine.state, house.ear.in_room) == (SupervisionState.TAKEN_OVER, mine.id)

    await open_house(work)


async def test_who_lets_go_before_he_has_the_call_leaves_it_to_the_other() -> None:
    async def work(house: House) -> None:
        await house.order(Mode.TAKE_OVER)
        await house.deliver()
        await house.service.end(LEADER)
        await house.deliver()
        assert await house.order(Mode.TAKE_OVER, HEAD, Role.CENTRE_HEAD) == 2

    await open_house(work)


async def test_nobody_gives_back_a_call_that_another_leader_has() -> None:
    async def work(house: House) -> None:
        await taken(house)
        fact = CallTakenOver(at=T, call_id=CALL, leader_id=HEAD, leader_channel="PJSIP/lead2-00000009")
        assert await house.calls.apply(fact)
        await house.service.end(LEADER, give_back=True)
        assert house.ear.given_back == 0
        assert ((await house.call()).state, (await house.call()).operator_id) == (CallState.TALKING, HEAD)

    await open_house(work)
