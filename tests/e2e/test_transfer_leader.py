"""A shift leader barges into a consultation: he comes and goes with its seat, and no caller waits for him."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.bridge_house import open_house
from tests.e2e.hearing import ever_heard, only_hear, voice
from tests.e2e.hotline import wait_for
from tests.e2e.transfer_house import TONES_HZ, Parties, TransferHouse

TONES: Final = {**TONES_HZ, "lead": 1990.0}
SILENCE_S: Final = 3.0
NO_KEY: Final = {"auto_answer": False}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransferHouse]:
    with open_house(tmp_path_factory.mktemp("transfer-leader"), TransferHouse) as made:
        yield made


@pytest.fixture(autouse=True)
def _nobody_stays(house: TransferHouse) -> Iterator[None]:
    """After everything has ended no seat is busy, no leader is on the line, and no leg was dialled twice."""
    yield
    wait_for("every seat to be free", house.empty, 30)
    wait_for("no channel of the leader", lambda: leader_channels(house) == 0)
    assert house.problems() == []


class Beside:
    """The leader, and everybody else."""

    def __init__(self, house: TransferHouse, here: Parties, lead: ScriptedPhone) -> None:
        self.house, self.here, self.lead = house, here, lead
        self.call_id: str = house.operator.seat(1)["call_id"]

    def order(self, mode: str) -> None:
        """What the leader's page sends."""
        self.house.leader.post("/api/supervision", {"seat": 1, "mode": mode})

    def ear(self) -> str:
        """Where the leader's ear is."""
        return str((self.house.leader.get("/api/supervision")["mine"] or {}).get("state"))

    def barge(self, bridge_id: int) -> None:
        """He comes into the room."""
        self.order("barge")
        self.house.until(bridge_id, leader="joined")

    def talk(self, **wanted: set[str]) -> None:
        """Each named party hears just those."""
        only_hear(self.here.files, wanted, TONES)

    def together(self, *names: str) -> None:
        """These hear each other, and nobody else."""
        self.talk(**{name: set(names) - {name} for name in names})

    def gone(self) -> None:
        """He went with the seat, and the caller was cut off from nobody."""
        self.lead.wait_ended()
        wait_for(f"the ear over, now {self.ear()}", lambda: self.ear() == "over")
        assert not ended(self.here.caller)
        assert self.here.quiet_s("caller", 2.0) < SILENCE_S


@contextmanager
def beside(house: TransferHouse, files: Path, **how: dict[str, Any]) -> Iterator[Beside]:
    """Caller and seat 1 talk, seat 2 is ready, and the leader's telephone too."""
    account = house.leader.get("/api/supervision/sip?phone=leaddesk")
    number = int(account["username"].removeprefix("leaddesk"))
    with (
        ScriptedPhone.lead(house.settings, number, **voice(files, "lead", TONES["lead"])) as lead,
        house.parties(files, **how) as here,
    ):
        try:
            yield Beside(house, here, lead)
        finally:
            here.caller.hang_up()
            house.leader.post("/api/supervision/release")


def ended(phone: ScriptedPhone) -> bool:
    return any(event.get("state") == "DISCONNECTED" for event in phone.events)


def leader_channels(house: TransferHouse) -> int:
    """How many channels the leader's telephone has."""
    lines = house.hotline.supervisor.asterisk.rx("core show channels concise").splitlines()
    return sum(line.startswith("PJSIP/leaddesk") for line in lines)


def test_who_barged_in_before_is_there_through_every_phase_and_goes_with_the_seat(
    house: TransferHouse, tmp_path: Path
) -> None:
    with beside(house, tmp_path, colleague=NO_KEY) as all_four:
        all_four.order("barge")
        all_four.together("caller", "seat", "lead")
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="ringing", leader="joined")
        private = all_four.here.now("caller")
        all_four.together("seat", "lead")
        all_four.here.colleague.answer()
        house.until(bridge_id, caller="held", colleague="joined")
        all_four.together("seat", "colleague", "lead")
        assert ever_heard(tmp_path, "caller", TONES, private) == set()
        assert leader_channels(house) == 1
        house.order(bridge_id, "join")
        house.until(bridge_id, caller="joined")
        all_four.together("caller", "seat", "colleague", "lead")
        house.order(bridge_id, "complete")
        house.until(bridge_id, seat="left", leader="removed", caller="joined", colleague="joined")
        all_four.gone()
        all_four.together("caller", "colleague")
        wait_for("the colleague's call", lambda: house.leader.call(all_four.call_id)["seat_id"] == 2)


def test_handed_over_out_of_the_private_talk(house: TransferHouse, tmp_path: Path) -> None:
    with beside(house, tmp_path) as all_four:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        all_four.barge(bridge_id)
        all_four.together("seat", "colleague", "lead")
        all_four.here.on_music()
        house.order(bridge_id, "complete")
        house.until(bridge_id, seat="left", leader="removed", caller="joined", colleague="joined")
        all_four.gone()
        all_four.together("caller", "colleague")


def test_taken_back_and_the_seat_puts_down(house: TransferHouse, tmp_path: Path) -> None:
    """Caller, seat and leader are a talk of two with a leader beside: it is over when the seat ends it."""
    with beside(house, tmp_path) as all_four:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        all_four.barge(bridge_id)
        house.order(bridge_id, "back")
        house.until(bridge_id, caller="joined", colleague="removed", leader="joined")
        all_four.together("caller", "seat", "lead")
        all_four.here.seat.hang_up()
        all_four.here.caller.wait_ended()  # thanked first
        all_four.lead.wait_ended()
        assert house.bridge(bridge_id)["reason"] == "last_outside_left"


def test_the_seat_puts_down_while_the_colleague_hears_music(house: TransferHouse, tmp_path: Path) -> None:
    with beside(house, tmp_path) as all_four:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        all_four.barge(bridge_id)
        house.order(bridge_id, "swap")
        house.until(bridge_id, caller="joined", colleague="held")
        all_four.together("caller", "seat", "lead")
        all_four.here.on_music("colleague")
        all_four.here.seat.hang_up()
        house.until(bridge_id, seat="left", leader="removed", caller="joined", colleague="joined")
        all_four.gone()
        all_four.together("caller", "colleague")


def test_a_leader_is_nobody_for_whom_a_caller_on_music_waits(house: TransferHouse, tmp_path: Path) -> None:
    """Whom it asked is busy, and the seat puts down: he heads the queue, as if there were no leader."""
    with beside(house, tmp_path, outside={"refuse": 486}) as all_four:
        bridge_id = house.consult(number_id=house.outside_id)["id"]
        house.until(bridge_id, caller="held", seat="joined", **{"extra-1": "busy"})
        all_four.barge(bridge_id)
        all_four.together("seat", "lead")
        all_four.here.on_music()
        all_four.here.seat.hang_up()
        all_four.gone()
        house.colleague.seat_is(2, "talking")
        all_four.together("caller", "colleague")
        assert house.bridge(bridge_id)["reason"] == "back_to_queue"


def test_back_to_the_queue_out_of_the_private_talk(house: TransferHouse, tmp_path: Path) -> None:
    with beside(house, tmp_path) as all_four:
        bridge_id = house.consult(seat_id=2)["id"]
        house.until(bridge_id, caller="held", seat="joined", colleague="joined")
        all_four.barge(bridge_id)
        assert house.consult(queue=True) == {"queued": True}
        all_four.gone()
        house.colleague.seat_is(2, "talking", 60)
        all_four.together("caller", "colleague")
        assert house.bridge(bridge_id)["reason"] == "back_to_queue"
