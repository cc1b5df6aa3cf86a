"""A shift leader with a real telephone: who hears whom while listening, whispering, barging, taking over."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.leader_house import ALL, Three, all_hear, three


def over(phone: ScriptedPhone) -> bool:
    return any(event.get("state") == "DISCONNECTED" for event in phone.events)


def test_listen_whisper_barge_and_back_and_it_ends_with_the_call(hotline: Hotline, tmp_path: Path) -> None:
    with three(hotline, tmp_path, "13800004401") as all_three:
        all_three.order("listen")
        all_three.until("listening")
        all_hear(tmp_path, caller={"seat"}, seat={"caller"}, lead={"caller", "seat"})
        talking = all_three.operator.get("/api/board")["talking"]
        assert talking[0]["leader"] is None, "not told of listening"

        all_three.order("whisper")
        all_three.until("whispering")
        all_hear(tmp_path, caller={"seat"}, seat={"caller", "lead"}, lead={"caller", "seat"})
        assert "班长耳语中" in all_three.operator.get("/api/board")["talking"][0]["leader"]

        all_three.order("barge")
        all_three.until("barged")
        all_hear(tmp_path, **ALL)

        all_three.order("listen")
        all_three.until("listening")
        all_hear(tmp_path, caller={"seat"}, seat={"caller"}, lead={"caller", "seat"})
        assert all_three.lead.wait("incoming")["headers"].get("X-Minsheng-Listen") == "1"

        all_three.caller.hang_up()
        all_three.lead.wait_ended()
        ended = all_three.until("over")
        assert ended["reason_label"] == "通话已结束"


def test_taking_over_leaves_the_caller_with_the_leader_and_lets_the_operator_go(
    hotline: Hotline, tmp_path: Path
) -> None:
    with three(hotline, tmp_path, "13800004402") as all_three:
        all_three.order("take_over")
        all_three.until("taken_over")
        all_three.operator.seat_is(1, "wrap_up")
        all_three.seat.wait_ended()
        all_hear(tmp_path, caller={"lead"}, lead={"caller"})
        assert not over(all_three.caller)
        (talk,) = all_three.leader.get("/api/board")["talking"]
        assert (talk["seat_id"], "班长接管" in talk["leader"]) == (None, True)
        assert steady_for(all_three, 7)

        all_three.lead.hang_up()
        all_three.caller.wait_ended()  # thanked first
        call = wait_for("the call to end", lambda: ended(all_three))
        assert (call["outcome"], call["operator_name"]) == ("answered", "冉班长")
        assert all_three.until("over")["reason_label"] == "班长已退出"
        sound = wait_for("the recording", lambda: recording(all_three))
        assert sound["duration_s"] > 5


def test_a_leader_whose_page_dies_gives_the_caller_back_to_a_seat(hotline: Hotline, tmp_path: Path) -> None:
    with three(hotline, tmp_path, "13800004403") as all_three:
        all_three.order("take_over")
        all_three.until("taken_over")
        all_three.operator.seat_is(1, "wrap_up")
        rx = hotline.supervisor.asterisk.rx
        channels = [line.split("!")[0] for line in rx("core show channels concise").splitlines()]
        (dead,) = [name for name in channels if name.startswith("PJSIP/leaddesk")]
        rx(f"channel request hangup {dead}")  # as Asterisk does when no sound has come for long
        all_three.until("over")
        all_three.operator.post("/api/seats/1/wrap-up/finish")
        again = all_three.operator.seat_is(1, "talking")
        assert again["call_id"] == all_three.call_id
        all_hear(tmp_path, caller={"seat"}, seat={"caller"})
        assert not over(all_three.caller)


def steady_for(all_three: Three, seconds: float) -> bool:
    """Nothing changes for that long: no comparison fights what is."""
    end = time.monotonic() + seconds

    def look() -> bool:
        assert all_three.mine()["state"] == "taken_over"
        assert all_three.leader.call(all_three.call_id)["state"] == "talking"
        return time.monotonic() > end

    return wait_for("time to pass", look, seconds + 5)


def ended(all_three: Three) -> dict[str, Any] | None:
    call = all_three.leader.call(all_three.call_id)
    return call if call["state"] == "ended" else None


def recording(all_three: Three) -> dict[str, Any] | None:
    found = all_three.leader.call(all_three.call_id)["recording"]
    return found if found and found["ready"] else None
