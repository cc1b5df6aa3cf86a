"""A leader who has a call is gone without a word: his telephone, or the computer with his page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, expect

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.conference_house import OUTSIDE, Conference, conference, ended
from tests.e2e.hearing import only_music
from tests.e2e.leader_house import TONES_HZ, all_hear, three
from tests.e2e.pages import window
from tests.e2e.test_seat_in_the_browser import sign_in
from tests.e2e.test_supervisor_page import CALLER_HZ, FAR_HZ, LEADER_HZ, LONG_MS, hear, take_over, talk

PAGE_HZ = {"caller": CALLER_HZ, "seat": FAR_HZ, "leader": LEADER_HZ}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    # Nobody is offered a call by a wrap-up that ran out: tests say who is ready
    with open_house(tmp_path_factory.mktemp("leader-dies"), wrap_up_s=600) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: BridgeHouse) -> Iterator[None]:
    yield
    house.hotline.empty_desks()


def test_a_leader_whose_telephone_dies_without_a_word_gives_the_caller_back_to_a_seat(
    house: BridgeHouse, tmp_path: Path
) -> None:
    """No BYE, and its line registers anew: nobody waits for the sound that does not come."""
    with three(house.hotline, tmp_path, "13800004404") as all_three:
        all_three.order("take_over")
        all_three.until("taken_over")
        all_three.operator.seat_is(1, "wrap_up")
        all_hear(tmp_path, caller={"lead"}, lead={"caller"})
        number = all_three.leader.get("/api/supervision/sip?phone=leaddesk")["username"]
        all_three.lead.kill()
        with ScriptedPhone.lead(house.settings, int(number.removeprefix("leaddesk"))):
            only_music(tmp_path, "caller", TONES_HZ)
            assert all_three.until("over")["reason_label"] == "通话已结束"
            all_three.operator.post("/api/seats/1/wrap-up/finish")
            again = all_three.operator.seat_is(1, "talking")
            assert again["call_id"] == all_three.call_id
            all_hear(tmp_path, caller={"seat"}, seat={"caller"})
            assert not ended(all_three.caller)


def test_a_leader_whose_telephone_dies_without_a_word_leaves_the_others_together(
    house: BridgeHouse, tmp_path: Path
) -> None:
    """No BYE, and its line registers anew: the conference knows at once that it has no leader."""
    with conference(house, tmp_path, "leader-silent", "13800004505") as phones:
        room: Conference = phones["room"]
        assert room.order("take_over") == 200
        room.until("taken_over")
        house.operator.seat_is(1, "wrap_up")
        number = house.leader.get("/api/supervision/sip?phone=leaddesk")["username"]
        # Long enough for a look at where his phone is: one that is exchanged before the first is not missed
        room.all_hear({"caller", "lead", *OUTSIDE})
        phones["lead"].kill()
        with ScriptedPhone.lead(house.settings, int(number.removeprefix("leaddesk"))):
            house.until(room.id, leader="left", caller="joined", **dict.fromkeys(OUTSIDE, "joined"))
            room.until("over")
            assert not room.leader_channels()
            room.all_hear({"caller", *OUTSIDE})
            for role in OUTSIDE:
                phones[role].hang_up()
            phones["caller"].wait_ended()
    assert house.problems() == []


def test_a_page_that_dies_with_its_computer_leaves_the_caller_to_music_and_to_a_seat(
    browser: Browser, house: BridgeHouse, tmp_path: Path
) -> None:
    """It says goodbye to nobody: its registration is gone, and that is enough."""
    with window(browser, house.hotline.url, name="leader") as page:
        sign_in(page, house.hotline, "leader")
        page.wait_for_url("**/calls")
        page.goto("/supervisor")
        expect(page.get_by_test_id("lead-phone")).to_have_text("话机就绪", timeout=LONG_MS)
        with talk(house.hotline, tmp_path, "13800005505") as (caller, seat):
            take_over(page)
            hear(tmp_path, caller={"leader"}, least=0.5)
            with suppress(Error):  # the page is no more
                page.goto("chrome://crash")
            only_music(tmp_path, "caller", PAGE_HZ)
            house.operator.post("/api/seats/1/resume")
            seat.wait("state", state="CONFIRMED", skip=1)
            hear(tmp_path, caller={"seat"}, seat={"caller"})
            assert not ended(caller)
