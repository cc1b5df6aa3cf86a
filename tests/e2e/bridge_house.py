"""A hotline whose trunk is a stand-in carrier and whose control link runs through a proxy that can be cut."""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from ops.bridge_check import check
from ops.carrier import Carrier
from ops.instance import change_settings
from ops.phone import ScriptedPhone, tone
from ops.smoke_bridge import CATEGORY, TONES_HZ, Place, find_place, prepare_with, sounds
from tests.e2e.hotline import Hotline, Person, wait_for
from tests.e2e.instances import aside, begin


class CutLink:
    """Passes bytes between the API and Asterisk's control port, until `cut`."""

    def __init__(self, port: int) -> None:
        self.down = False
        """Nothing connects while this is so: what happens meanwhile is heard of by nobody."""
        self._target = ("127.0.0.1", port)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Both sides see their connection break, with what was under way."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                end.close()

    def close(self) -> None:
        self._server.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                if self.down:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._pairs.append((near, far))
            threading.Thread(target=self._pass, args=(near, far), daemon=True).start()

    @staticmethod
    def _pass(near: socket.socket, far: socket.socket) -> None:
        try:
            while True:
                for end in select.select([near, far], [], [], 5)[0]:
                    data = end.recv(65_536)
                    (far if end is near else near).sendall(data)
                    if not data:
                        return
        except (OSError, ValueError):
            return


class BridgeHouse:
    """Everything for presses: hotline, carrier, phones outside, an operator at seat 1."""

    def __init__(
        self, folder: Path, carrier: Carrier, *, transcribed: bool = False, db_url: str = ""
    ) -> None:
        self.carrier = carrier
        begin(folder, greets_briefly=True)
        if db_url:
            change_settings(folder, {"db": {"url": db_url}})
        aside(prepare_with, carrier, folder, lambda _line: None, transcribed=transcribed)
        self.hotline = Hotline(folder)
        self.settings = self.hotline.settings
        self.place: Place = aside(find_place, self.settings)
        self._lift_caps()
        self.link = CutLink(self.settings.ami.port)
        self.keys: list[str] = []

    def _lift_caps(self) -> None:
        self.hotline.decide(flood_calls=100_000, bridge_seat_day=100_000, bridge_day=100_000)

    def start(self, *, through_link: bool = True) -> None:
        """Start; the API reaches Asterisk through the link only, unless it is to be measured."""
        if through_link:
            os.environ["MINSHENG_AMI__PORT"] = str(self.link.port)
        self.hotline.start()
        self.operator = self.hotline.sign_in("op01")
        self.leader = self.hotline.sign_in("leader")
        self.viewer = self.operator
        """Whose page it is that tests look at; what a leader pressed an operator does not see."""

    def stop(self) -> None:
        os.environ.pop("MINSHENG_AMI__PORT", None)
        self.hotline.stop()
        self.link.close()

    def press(self, key: str, **body: Any) -> dict[str, Any]:
        """Press until it is answered: a client that hears nothing asks again with the same key."""
        if key not in self.keys:
            self.keys.append(key)
        where = {"category": CATEGORY, "town_code": self.place.town, "village_id": self.place.village}

        def once() -> dict[str, Any] | None:
            self.hotline.supervisor.tick()
            try:
                answer = self.operator.http.post(
                    "/api/v1/bridges",
                    json={**where, **body},
                    headers={"X-CSRF-Token": self.operator.csrf, "Idempotency-Key": key},
                )
            except httpx.TransportError:
                return None
            assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
            return answer.json()

        return wait_for(f"the press {key} to be answered", once, 60)

    def bridge(self, bridge_id: int) -> dict[str, Any]:
        return self.viewer.get(f"/api/v1/bridges/{bridge_id}")

    def states(self, bridge_id: int) -> dict[str, str]:
        return {leg["role"]: leg["state"] for leg in self.bridge(bridge_id)["legs"]}

    def leg(self, bridge_id: int, role: str) -> dict[str, Any]:
        return next(leg for leg in self.bridge(bridge_id)["legs"] if leg["role"] == role)

    def until(self, bridge_id: int, timeout_s: float = 30.0, **wanted: str) -> None:
        """Wait until these roles are in these states."""

        def look() -> bool:
            self.hotline.supervisor.tick()
            try:
                return wanted.items() <= self.states(bridge_id).items()
            except httpx.TransportError:
                return False

        try:
            wait_for("states", look, timeout_s)
        except AssertionError:
            raise AssertionError(f"not {wanted}: {self.bridge(bridge_id)}") from None

    def problems(self) -> list[str]:
        """What the independent checker finds."""
        cel = self.settings.asterisk_dir / "log" / "cel.csv"
        return check(cel, self.settings.state_dir / "minsheng.db", self.keys)

    @contextmanager
    def outside(self, files: Path | None = None, **config: Any) -> Generator[dict[str, ScriptedPhone]]:
        """A phone at the first number of each role; `config` by role changes one."""
        with ExitStack() as stack:
            phones: dict[str, ScriptedPhone] = {}
            for role, number in self.place.numbers.items():
                how = {"auto_answer": True, "keys": "1", **config.get(role, {})}
                # A phone that sends no sound is not believed by strict RTP: its first key would be lost
                said = tone(self.settings.state_dir / f"{role}.wav", hz=TONES_HZ[role], seconds=10)
                heard = sounds(files, role) if files is not None else {"play": str(said), "loop": True}
                phone = ScriptedPhone.outside(self.carrier, self.settings, number, **{**heard, **how})
                phones[role] = stack.enter_context(phone)
            yield phones

    def on_duty(self) -> None:
        """Seat 1 takes calls. An order that timed out under a fault is given again, as an operator would."""

        def ready() -> bool:
            state = self.operator.seat(1)["state"]
            if state == "empty":
                self.operator.post("/api/seats/1/take", {"phone": "desk"})
                self.operator.post("/api/seats/1/start")
            elif state in ("wrap_up", "paused"):
                path = "/api/seats/1/resume"
                answer = self.operator.http.post(path, headers={"X-CSRF-Token": self.operator.csrf})
                assert answer.status_code in (200, 409, 503, 504), f"{answer.status_code} {answer.text}"
            return self.operator.seat(1)["state"] == "ready"

        wait_for("seat 1 to be ready", ready, 60)

    def talk(self, caller: ScriptedPhone, seat: ScriptedPhone, skip: int = 0) -> None:
        """The caller calls, goes straight to the queue, and seat 1 (which picks up by itself) talks."""
        caller.call(self.settings.asterisk.hotline_number)
        caller.wait("media", skip=skip)
        caller.dtmf("1")
        seat.wait("state", state="CONFIRMED", skip=skip)
        self.operator.seat_is(1, "talking")


H = TypeVar("H", bound=BridgeHouse)


@contextmanager
def open_house(
    folder: Path,
    kind: type[H] = BridgeHouse,
    *,
    transcribed: bool = False,
    db_url: str = "",
    **policies: float,
) -> Generator[H]:
    """Such a house with its carrier, started; with these policies, as an administrator would set them."""
    with Carrier() as carrier:
        made = kind(folder, carrier, transcribed=transcribed, db_url=db_url)
        made.hotline.decide(**policies)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def kill_api(house: BridgeHouse) -> None:
    """kill -9 the API process only; the supervisor starts it again."""
    for child in house.hotline.supervisor.children:
        if child.name == "api" and child.process is not None:
            os.kill(child.process.pid, signal.SIGKILL)


def after(dice: random.Random, most_s: float, work: Any) -> threading.Thread:
    """Do it in another thread after a random time."""
    pause = dice.uniform(0, most_s)

    def run() -> None:
        deadline = time.monotonic() + pause
        wait_for("the moment of the fault", lambda: time.monotonic() >= deadline, most_s + 5)
        work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


__all__ = ["BridgeHouse", "Person", "after", "kill_api"]
