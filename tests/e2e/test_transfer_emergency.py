"""一键三方 and 移交 in a consultation's room, with real phones: one conference, and nobody is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import open_house
from tests.e2e.hearing import voice
from tests.e2e.hotline import wait_for
from tests.e2e.transfer_house import TONES_HZ, Parties, TransferHouse

# One voice beside the three of the consultation is enough: the others are busy
ROLES: Final[dict[str, dict[str, Any]]] = {"grid_worker": {"refuse": 486}, "handling_unit": {"refuse": 486}}
assert TONES_HZ["outside"] == 1130.0  # that of the internet office


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("transfer-emergency"), TransferHouse) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: TransferHouse) -> Iterator[None]:
    yield
    wait_for("every seat to be free", house.empty, 30)
    assert house.problems() == []


def press(house: TransferHouse, key: str, bridge_id: int) -> None:
    """Twice, as one does in a hurry: the room of the consultation is the conference."""
    assert house.press(key)["id"] == bridge_id
    assert house.press(key)["id"] == bridge_id
    house.keys.remove(key)  # the checker would look for a room of its own


def all_talk(house: TransferHouse, here: Parties, bridge_id: int) -> None:
    """In one room, by the rows and by ear, and none of them was cut off."""
    house.until(bridge_id, caller="joined", seat="joined", colleague="joined", internet_office="joined")
    assert house.bridge(bridge_id)["kind"] == "emergency"
    here.talk(
        caller={"seat", "colleague", "outside"},
        seat={"caller", "colleague", "outside"},
        colleague={"caller", "seat", "outside"},
    )
    for phone in (here.caller, here.seat, here.colleague):
        assert not [event for event in phone.events if event.get("state") == "DISCONNECTED"]
    assert here.quiet_s("caller", 2.0) < 3
    refused = house.operator.http.post(
        f"/api/v1/bridges/{bridge_id}/complete", headers={"X-CSRF-Token": house.operator.csrf}
    )
    assert refused.status_code == 409  # an emergency is not let go by a slip of the finger
    house.operator.post(f"/api/v1/bridges/{bridge_id}/end")
    here.caller.wait_ended(30)


@pytest.mark.parametrize("where", ["private", "aside", "going"])
def test_whom_the_seat_asked_is_kept(house: TransferHouse, tmp_path: Path, where: str) -> None:
    """The caller on music; the colleague on music; the caller on his way there."""
    with house.outside(**ROLES), house.parties(tmp_path) as here:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        if where == "aside":
            house.order(bridge_id, "swap")
            house.until(bridge_id, caller="joined", colleague="held")
        if where == "going":
            house.order(bridge_id, "join")
            house.until(bridge_id, caller="joined")
            house.order(bridge_id, "hold")
        press(house, f"pressed-{where}", bridge_id)
        all_talk(house, here, bridge_id)


def test_a_colleague_who_is_still_rung_goes_on_being_rung(house: TransferHouse, tmp_path: Path) -> None:
    with house.outside(**ROLES), house.parties(tmp_path, colleague={"auto_answer": False}) as here:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="ringing")
        press(house, "pressed-asking", bridge_id)
        house.until(bridge_id, caller="joined", seat="joined", internet_office="joined")
        here.talk(caller={"seat", "outside"}, seat={"caller", "outside"})
        here.colleague.answer()
        all_talk(house, here, bridge_id)


def test_a_colleague_who_was_given_the_call_hands_it_to_119_and_is_the_one_who_leaves(
    house: TransferHouse, tmp_path: Path
) -> None:
    sound = voice(tmp_path, "outside", TONES_HZ["outside"])
    with (
        ScriptedPhone.outside(house.carrier, house.settings, "119", auto_answer=True, **sound) as fire,
        house.parties(tmp_path) as here,
    ):
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        house.order(bridge_id, "complete")
        house.until(bridge_id, caller="joined", seat="left", colleague="joined")
        headers = {"X-CSRF-Token": house.colleague.csrf, "Idempotency-Key": "colleague-to-119"}
        called = house.colleague.http.post("/api/v1/handovers", json={"service": "119"}, headers=headers)
        assert (called.status_code, called.json()["id"]) == (200, bridge_id), called.text
        house.viewer = house.colleague
        house.until(bridge_id, **{"emergency-119": "joined"})
        here.talk(caller={"colleague", "outside"}, colleague={"caller", "outside"})
        house.colleague.post(f"/api/v1/handovers/{bridge_id}/done")
        house.colleague.seat_is(2, "wrap_up")
        house.viewer = house.leader
        house.until(bridge_id, caller="joined", colleague="removed", **{"emergency-119": "joined"})
        here.talk(caller={"outside"}, outside={"caller"})
        again = house.colleague.http.post(f"/api/v1/handovers/{bridge_id}/done", headers=headers)
        assert again.status_code == 409
        assert "您不在这个会议里" in again.json()["error"]["message"]
        fire.hang_up()
        here.caller.wait_ended(30)
    house.viewer = house.operator
