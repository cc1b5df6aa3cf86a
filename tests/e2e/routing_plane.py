"""Asterisk alone with short times and few lines, and what tests of who is answered first do with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from ops.phone import ScriptedPhone
from tests.e2e.voice_plane import SHORT, VoicePlane

# Three lines may be taken by anybody, the other three are reserved
POLICY = dataclasses.replace(
    SHORT,
    max_wait_s=60,
    sticky_s=3,
    challenge_key_s=1,
    trunk_channels=6,
    reserved_channels=3,
    same_caller_calls=1,
    same_withheld_calls=2,
)
PLAIN, CUT_OFF, LOST, URGENT = "13900000001", "13900000002", "13900000003", "13900000004"


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VoicePlane]:
    made = VoicePlane(tmp_path_factory.mktemp("routing-plane"), POLICY)
    yield made
    made.asterisk.stop()


@pytest.fixture(autouse=True)
def empty_queue(plane: VoicePlane) -> Iterator[None]:
    yield
    plane.nobody()
    plane.empty()


def rings(phone: ScriptedPhone) -> list[str]:
    return [event["headers"]["From"] for event in phone.events if event["event"] == "incoming"]


def dial(caller: ScriptedPhone) -> None:
    caller.call("56564444")
    caller.wait_answered()


def past_greeting(*callers: ScriptedPhone) -> None:
    """A key without a meaning ends the greeting and nothing else; routing begins when it ends."""
    for caller in callers:
        caller.wait("media")
        caller.dtmf("9")


def leave(*callers: ScriptedPhone) -> None:
    for caller in callers:
        caller.hang_up()
        caller.wait_ended()
