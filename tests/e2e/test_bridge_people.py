"""One key with real phones: who answers, who is a machine; all hear each other; who may leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.phone import ScriptedPhone
from ops.smoke_bridge import TONES_HZ, listen, sounds
from telephony.asterisk_runtime import AsteriskProcess
from tests.e2e.bridge_house import BridgeHouse, open_house
from tests.e2e.hotline import wait_for


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BridgeHouse]:
    with open_house(tmp_path_factory.mktemp("bridges")) as made:
        yield made


def ended(phone: ScriptedPhone) -> bool:
    return any(event.get("state") == "DISCONNECTED" for event in phone.events)


def test_five_hear_each_other_and_the_last_outside_party_ends_it(house: BridgeHouse, tmp_path: Path) -> None:
    with (
        house.outside(tmp_path) as outside,
        ScriptedPhone.seat(house.settings, 1, auto_answer=True, **sounds(tmp_path, "seat")) as seat,
        ScriptedPhone.citizen(house.settings, **sounds(tmp_path, "caller")) as caller,
    ):
        house.on_duty()
        house.talk(caller, seat)
        bridge_id = house.press("five-parties")["id"]
        assert house.press("five-parties")["id"] == bridge_id
        assert house.press("another-key-same-call")["id"] == bridge_id
        house.keys.remove("another-key-same-call")
        house.until(bridge_id, **dict.fromkeys(TONES_HZ, "joined"))
        assert lines(house) == {"in": 1, "out": 3}
        hears = listen(tmp_path)
        assert {name: len(found) for name, found in hears.items()} == dict.fromkeys(TONES_HZ, 4), hears

        seat.hang_up()
        house.until(bridge_id, seat="left", caller="joined", grid_worker="joined")
        house.operator.seat_is(1, "wrap_up")
        outside["grid_worker"].hang_up()
        outside["internet_office"].hang_up()
        house.until(bridge_id, grid_worker="left", internet_office="left", handling_unit="joined")
        assert not ended(caller)
        outside["handling_unit"].hang_up()
        caller.wait_ended()  # the caller is thanked first
    bridge = house.bridge(bridge_id)
    assert (bridge["state"], bridge["reason"]) == ("ended", "last_outside_left")
    assert bridge["ticket_id"] is not None
    assert len(house.carrier.invites) == 3
    recorded = wait_for("the legs' sound", lambda: sound_of(house, bridge_id))
    assert min(recorded) > 0.5  # they were heard for a second at least, then they went
    assert house.problems() == []


def lines(house: BridgeHouse) -> dict[str, int]:
    """The carrier's channels in use, as the dialplan counts them."""
    shown = AsteriskProcess(house.settings).rx("group show channels").splitlines()
    groups = [line.split()[1] for line in shown if line.rstrip().endswith(" trunk")]
    return {group: groups.count(group) for group in sorted(set(groups))}


def sound_of(house: BridgeHouse, bridge_id: int) -> list[float] | None:
    legs = house.bridge(bridge_id)["legs"]
    found = [attempt["recorded_s"] for leg in legs for attempt in leg["attempts"]]
    return found if all(found) else None


def test_a_machine_is_no_person_busy_moves_on_and_two_asks_for_a_call_back(house: BridgeHouse) -> None:
    unlike = {
        "grid_worker": {"refuse": 486},
        "internet_office": {"keys": None},
        "handling_unit": {"keys": "2"},
    }
    with (
        house.outside(**unlike) as outside,
        ScriptedPhone.seat(house.settings, 1, auto_answer=True) as seat,
        ScriptedPhone.citizen(house.settings, "13800005678") as caller,
    ):
        house.on_duty()
        house.talk(caller, seat)
        bridge_id = house.press("nobody-joins")["id"]
        house.until(bridge_id, handling_unit="call_back", internet_office="answered")
        first = lambda: house.leg(bridge_id, "grid_worker")["attempts"][0]["result"]  # noqa: E731 - one line
        assert wait_for("what came of the first number", first) == "busy"
        outside["internet_office"].wait_ended(60)  # two askings without a key
        house.until(bridge_id, 60, caller="joined", seat="joined")
        wait_for("all numbers tried", lambda: tried_all(house, bridge_id), 60)
        assert house.bridge(bridge_id)["state"] == "open"
        assert not ended(caller)

        leg = wait_for("the call-back", lambda: promised(house, bridge_id), 20)
        house.operator.post(f"/api/v1/bridges/{bridge_id}/legs/{leg['id']}/redial")
        wait_for("a second call back", lambda: len(house.leg(bridge_id, "handling_unit")["attempts"]) == 2)
        outside["handling_unit"].wait("pressed", skip=1)
        house.until(bridge_id, handling_unit="call_back")
        house.operator.post(f"/api/v1/bridges/{bridge_id}/end")
        caller.wait_ended()
    assert house.problems() == []


def promised(house: BridgeHouse, bridge_id: int) -> dict[str, Any] | None:
    """The unit that pressed 2, once it is the presser's to be called back, with ticket and deadline."""
    leg = house.leg(bridge_id, "handling_unit")
    number = house.place.numbers["handling_unit"]
    lines = [one for one in house.operator.get("/api/v1/callbacks")["open"] if one["number"] == number]
    if leg["callback"] is None or not lines or lines[0]["ticket_id"] is None:
        return None
    (line,) = lines
    assert (line["source"], line["mine"], line["bridge_id"]) == ("party", True, bridge_id)
    assert leg["callback"]["due_at"] == line["due_at"]
    assert (leg["callback"]["id"], leg["callback"]["owner"]) == (line["id"], line["owner"]["name"])
    return leg


def tried_all(house: BridgeHouse, bridge_id: int) -> bool:
    over = {"busy", "no_answer", "failed", "call_back"}
    legs = [leg for leg in house.bridge(bridge_id)["legs"] if leg["role"] not in ("caller", "seat")]
    return all(leg["state"] in over for leg in legs) and all(
        len(leg["attempts"]) == leg["numbers"] for leg in legs if leg["state"] != "call_back"
    )


def test_mute_remove_and_who_may_not(house: BridgeHouse) -> None:
    with (
        house.outside(),
        ScriptedPhone.seat(house.settings, 1, auto_answer=True) as seat,
        ScriptedPhone.citizen(house.settings, "13800009999") as caller,
    ):
        house.on_duty()
        house.talk(caller, seat)
        bridge_id = house.press("mute-remove")["id"]
        house.until(bridge_id, **dict.fromkeys(TONES_HZ, "joined"))
        legs = {leg["role"]: leg["id"] for leg in house.bridge(bridge_id)["legs"]}
        path = f"/api/v1/bridges/{bridge_id}"
        house.operator.post(f"{path}/legs/{legs['grid_worker']}/mute", {"muted": True})
        wait_for("muted", lambda: house.leg(bridge_id, "grid_worker")["muted"])
        house.operator.post(f"{path}/legs/{legs['grid_worker']}/mute", {"muted": False})
        wait_for("heard again", lambda: not house.leg(bridge_id, "grid_worker")["muted"])
        house.operator.post(f"{path}/legs/{legs['internet_office']}/remove")
        house.until(bridge_id, internet_office="removed", grid_worker="joined")

        stranger = house.hotline.sign_in("op02")
        for call in (
            stranger.http.get(path),
            stranger.http.post(f"{path}/end", headers={"X-CSRF-Token": stranger.csrf}),
            stranger.http.post(
                "/api/v1/bridges",
                json={},
                headers={"X-CSRF-Token": stranger.csrf, "Idempotency-Key": "not-in-a-call"},
            ),
            house.operator.http.post(f"{path}/end"),
            house.operator.http.post(
                f"{path}/legs/{legs['caller']}/remove", headers={"X-CSRF-Token": house.operator.csrf}
            ),
        ):
            assert call.status_code in (403, 409), call.text
        assert house.bridge(bridge_id)["state"] == "open"
        assert "138" not in str([leg["number_masked"][3:-4] for leg in house.bridge(bridge_id)["legs"]])
        house.leader.post(f"{path}/end")
        caller.wait_ended()
    assert house.problems() == []
