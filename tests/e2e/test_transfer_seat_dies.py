"""A seat's page or phone dies in a consultation: the caller is kept, that seat is rung first, then others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import open_house
from tests.e2e.hearing import only_hear, voice
from tests.e2e.hotline import wait_for
from tests.e2e.pages import window
from tests.e2e.test_seat_in_the_browser import begin_duty
from tests.e2e.transfer_house import TONES_HZ, Parties, TransferHouse

PAGE_HZ = 660.0
"""What the browser's microphone hears (conftest)."""
SILENCE_S = 3.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("seat-dies"), TransferHouse) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: TransferHouse) -> Iterator[None]:
    yield
    wait_for("every seat to be free", house.empty, 60)
    assert house.problems() == []
    house.hotline.empty_desks()


@pytest.fixture
def page(browser: Browser, house: TransferHouse) -> Iterator[Page]:
    with window(browser, house.hotline.url) as opened:
        yield opened


@pytest.fixture
def here(house: TransferHouse, page: Page, tmp_path: Path) -> Iterator[Parties]:
    """The caller talks to the page at seat 1, the colleague sits at a desk phone."""

    begin_duty(page, house.hotline, "op01", 1)
    with ExitStack() as stack:
        colleague = ScriptedPhone.seat(
            house.settings, 2, auto_answer=True, **voice(tmp_path, "colleague", TONES_HZ["colleague"])
        )
        caller = ScriptedPhone.citizen(house.settings, **voice(tmp_path, "caller", TONES_HZ["caller"]))
        for phone in (colleague, caller):
            stack.enter_context(phone)
        caller.call(house.settings.asterisk.hotline_number)
        expect(page.get_by_test_id("answer")).to_be_enabled(timeout=30_000)
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        house.sit(house.colleague, 2)
        page.on("dialog", lambda dialog: dialog.accept())
        yield Parties(tmp_path, caller, caller, colleague, None, house.hotline.supervisor.asterisk.rx)


def not_cut_off(here: Parties) -> None:
    assert not [event for event in here.caller.events if event.get("state") == "DISCONNECTED"]
    assert here.quiet_s("caller", 2.0) < SILENCE_S


def hears_page(here: Parties, who: str) -> None:
    only_hear(here.files, {who: {"page"}}, {**TONES_HZ, "page": PAGE_HZ})


def test_a_page_is_reloaded_in_the_private_talk(house: TransferHouse, page: Page, here: Parties) -> None:
    bridge_id = house.consult(seat_id=2)["id"]
    house.until(bridge_id, caller="held", seat="joined", colleague="joined")
    hears_page(here, "colleague")
    page.reload()
    wait_for("the seat to be rung again", lambda: house.leg(bridge_id, "seat")["attempt"] == 2, 30)
    house.until(bridge_id, caller="held", seat="joined", colleague="joined")
    here.on_music()
    hears_page(here, "colleague")
    expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
    expect(page.get_by_test_id("leg-caller")).to_contain_text("听音乐")
    page.keyboard.press("F3")
    house.until(bridge_id, caller="joined", seat="joined", colleague="removed")
    hears_page(here, "caller")
    not_cut_off(here)
    page.keyboard.press("F8")
    here.caller.wait_ended(30)


def test_a_page_is_closed_in_the_private_talk(house: TransferHouse, page: Page, here: Parties) -> None:
    """It does not come back: whom it asked takes the call."""
    call_id = house.operator.seat(1)["call_id"]
    bridge_id = house.consult(seat_id=2)["id"]
    house.until(bridge_id, caller="held", seat="joined", colleague="joined")
    page.close()
    house.until(bridge_id, 60, caller="joined", seat="no_answer", colleague="joined")
    here.talk(caller={"colleague"}, colleague={"caller"})
    wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
    not_cut_off(here)
    here.colleague.hang_up()
    here.caller.wait_ended(30)


def test_a_page_is_closed_and_nobody_else_is_there(house: TransferHouse, page: Page, here: Parties) -> None:
    """Whom it asked was busy: the caller heads the queue, and the colleague gets him."""
    call_id = house.operator.seat(1)["call_id"]
    with ScriptedPhone.outside(house.carrier, house.settings, house.outside_number, refuse=486):
        bridge_id = house.consult(number_id=house.outside_id)["id"]
        house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "busy"})
    page.close()
    here.on_music()
    house.colleague.seat_is(2, "talking", 60)
    here.talk(caller={"colleague"}, colleague={"caller"})
    bridge = house.leader.get(f"/api/v1/bridges?call_id={call_id}")["bridges"][0]
    assert (bridge["state"], bridge["reason"]) == ("ended", "back_to_queue")
    assert house.leader.call(call_id)["seat_id"] == 2
    not_cut_off(here)
    here.colleague.hang_up()
    here.caller.wait_ended(30)


def test_a_desk_phone_dies_in_the_private_talk(house: TransferHouse, tmp_path: Path) -> None:
    """No BYE: the phone is missed when it does not answer, and its colleague has the call."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        here.seat.kill()
        here.on_music()
        house.until(bridge_id, 120, caller="joined", colleague="joined")
        here.talk(caller={"colleague"}, colleague={"caller"})
        wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
        not_cut_off(here)
        here.caller.hang_up()
        here.caller.wait_ended(30)


def test_a_desk_phone_that_comes_back_is_rung_again(house: TransferHouse, tmp_path: Path) -> None:
    """No BYE, and its line registers anew: the caller is its own again, not the colleague's who is free."""
    with house.parties(tmp_path) as here:
        call_id = house.operator.seat(1)["call_id"]
        # Long enough for a look at where its phone is: one that is exchanged before the first is not missed
        here.talk(caller={"seat"}, seat={"caller"})
        here.seat.kill()
        sound = voice(tmp_path, "again", TONES_HZ["seat"])
        with ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sound) as again:
            again.wait("state", state="CONFIRMED", timeout_s=60)
            here.talk(caller={"seat"}, again={"caller"})
            assert house.leader.call(call_id)["seat_id"] == 1
            not_cut_off(here)
            here.caller.hang_up()
            here.caller.wait_ended(30)


def test_a_page_is_closed_while_whom_it_asked_still_rings(
    house: TransferHouse, page: Page, here: Parties, tmp_path: Path
) -> None:
    """It does not come back, and nobody rings for nothing: who picks up at last has the caller."""
    call_id = house.operator.seat(1)["call_id"]
    sound = voice(tmp_path, "outside", TONES_HZ["outside"])
    with ScriptedPhone.outside(
        house.carrier, house.settings, house.outside_number, auto_answer=False, keys="1", **sound
    ) as outside:
        bridge_id = house.consult(number_id=house.outside_id)["id"]
        house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "ringing"})
        page.close()
        house.until(bridge_id, 60, caller="held", seat="ordered", **{"extra-1": "ringing"})
        here.on_music()
        outside.answer()
        house.until(bridge_id, 60, caller="joined", **{"extra-1": "joined"})
        only_hear(tmp_path, {"caller": {"outside"}, "outside": {"caller"}}, TONES_HZ)
        house.until(bridge_id, 60, seat="no_answer", caller="joined")
        wait_for("the call to be nobody's of ours", lambda: house.leader.call(call_id)["seat_id"] is None)
        not_cut_off(here)
        outside.hang_up()
        here.caller.wait_ended(30)


def test_a_page_is_closed_while_all_three_talk(house: TransferHouse, page: Page, here: Parties) -> None:
    call_id = house.operator.seat(1)["call_id"]
    bridge_id = house.consult(seat_id=2)["id"]
    house.until(bridge_id, caller="held", seat="joined", colleague="joined")
    house.order(bridge_id, "join")
    house.until(bridge_id, caller="joined")
    only_hear(here.files, {"caller": {"page", "colleague"}}, {**TONES_HZ, "page": PAGE_HZ})
    page.close()
    here.talk(caller={"colleague"}, colleague={"caller"})
    house.until(bridge_id, 60, caller="joined", seat="no_answer", colleague="joined")
    wait_for("the call to be the colleague's", lambda: house.leader.call(call_id)["seat_id"] == 2)
    not_cut_off(here)
    here.colleague.hang_up()
    here.caller.wait_ended(30)


def test_a_page_is_closed_while_the_colleague_hears_music(
    house: TransferHouse, page: Page, here: Parties
) -> None:
    """He is fetched to the caller, whom the seat left behind in the room."""
    bridge_id = house.consult(seat_id=2)["id"]
    house.until(bridge_id, caller="held", seat="joined", colleague="joined")
    house.order(bridge_id, "swap")
    house.until(bridge_id, caller="joined", colleague="held")
    hears_page(here, "caller")
    page.close()
    house.until(bridge_id, 60, caller="joined", seat="no_answer", colleague="joined")
    here.talk(caller={"colleague"}, colleague={"caller"})
    not_cut_off(here)
    here.caller.hang_up()
    here.caller.wait_ended(30)


@pytest.mark.parametrize("picks_up", [True, False])
def test_given_away_while_it_still_rings(house: TransferHouse, tmp_path: Path, picks_up: bool) -> None:
    """The seat does not wait: the colleague takes the caller, or he is rung back at the seat."""
    with house.parties(tmp_path, colleague={"auto_answer": False}) as here:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="ringing")
        house.order(bridge_id, "complete")
        house.until(bridge_id, caller="held", seat="left", colleague="ringing")
        house.operator.seat_is(1, "wrap_up")
        here.on_music()
        if picks_up:
            here.colleague.answer()
            house.until(bridge_id, caller="joined", colleague="joined")
            here.talk(caller={"colleague"}, colleague={"caller"})
        else:
            here.colleague.hang_up()
            house.until(bridge_id, caller="joined", seat="joined")
            here.talk(caller={"seat"}, seat={"caller"})
        not_cut_off(here)
        here.caller.hang_up()
        here.caller.wait_ended(30)
