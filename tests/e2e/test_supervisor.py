"""What keeps the hotline running goes on by itself: a port that another program holds ends no call."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ops.phone import ScriptedPhone, tone, tone_power
from ops.supervisor import Supervisor
from tests.e2e.hotline import wait_for
from tests.e2e.voice_plane import VoicePlane


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VoicePlane]:
    made = VoicePlane(tmp_path_factory.mktemp("tended"))
    yield made
    made.asterisk.stop()


def test_a_web_port_that_another_program_holds_ends_no_call(plane: VoicePlane, tmp_path: Path) -> None:
    heard, said = tmp_path / "seat.wav", list[str]()
    web = plane.settings.web
    with (
        closing(socket.create_server((web.host, web.port))),
        plane.seat(1, record=str(heard)) as seat,
        ScriptedPhone.citizen(
            plane.settings, play=str(tone(tmp_path / "t.wav", hz=440, seconds=60))
        ) as caller,
    ):
        plane.member(1)
        caller.call("56564444")
        seat.wait("incoming")
        seat.answer()
        wait_for("the talk", lambda: tone_power(heard, 440) > 0.5)
        supervisor = Supervisor(plane.settings, said.append)
        supervisor.start()
        try:
            wait_for(
                "the pages to fail",
                lambda: supervisor.tick() or any("api 退出" in line for line in said),
                120,
            )
            assert not supervisor.wait_ready(1), "nobody can serve pages there"
        finally:
            supervisor.give_up()
        assert all(child.process is None or child.process.poll() is not None for child in supervisor.children)
        before = heard.stat().st_size
        wait_for("the talk to go on", lambda: heard.stat().st_size > before + 64_000)
        assert tone_power(heard, 440) > 0.5
        caller.hang_up()
        caller.wait_ended()
    plane.nobody()


def takes(another: socket.socket, plane: VoicePlane) -> bool:
    try:
        another.bind((plane.settings.asterisk.sip_address, plane.settings.asterisk.sip_port))
    except OSError:  # the dead one's threads are still being put away
        return False
    return True


def api_of(supervisor: Supervisor) -> int:
    (process,) = [child.process for child in supervisor.children if child.name == "api"]
    assert process is not None
    assert process.poll() is None
    return process.pid


def test_asterisk_is_tried_again_until_its_port_is_free(plane: VoicePlane) -> None:
    said: list[str] = []
    supervisor = Supervisor(plane.settings, said.append)
    supervisor.start()
    try:
        assert supervisor.wait_ready(120)
        pages = api_of(supervisor)
        supervisor.asterisk.kill()
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as another:
            wait_for("its port to be ours", lambda: takes(another, plane))
            wait_for(
                "the reason", lambda: supervisor.tick() or [line for line in said if "端口被占用" in line]
            )
            assert not supervisor.asterisk.is_running(), "one that hears nobody must not be adopted"
        wait_for("Asterisk to hear", lambda: supervisor.tick() or supervisor.asterisk.is_running(), 60)
        assert " udp " in supervisor.asterisk.rx("pjsip show transports")
        assert supervisor.wait_ready(60)
        assert api_of(supervisor) == pages, "the pages went on"
    finally:
        supervisor.stop()
