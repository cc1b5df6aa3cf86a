"""Whose music is ended when somebody comes into a room."""

from __future__ import annotations

from typing import Any, cast

import pytest

from core.errors import ActionRefused
from telephony.ami_client import AmiLink
from telephony.ami_protocol import AmiMessage
from telephony.room_music import RoomMusic


class Link:
    """Two rooms as Asterisk lists them; takes down what it is told to do."""

    def __init__(self) -> None:
        self.rooms: dict[str, list[tuple[str, int]]] = {}
        self.told: list[tuple[str, dict[str, str]]] = []

    async def listing(self, action: str, headers: dict[str, str]) -> list[dict[str, str]]:
        if action == "ConfbridgeListRooms":
            if not self.rooms:
                raise ActionRefused(action=action, answer="No active conferences.")
            return [{"Conference": name} for name in self.rooms]
        present = self.rooms[headers["Conference"]]
        return [{"Channel": who, "AnsweredTime": str(seconds)} for who, seconds in present]

    async def action(self, name: str, headers: dict[str, str]) -> None:
        self.told.append((name, headers))
        if headers["Channel"] == "gone":
            raise ActionRefused(action=name, answer="Channel not found")


def event(name: str, room: str = "ms-1", who: str = "") -> AmiMessage:
    return cast(AmiMessage, {"Event": name, "Conference": room, "Channel": who})


@pytest.fixture
def link() -> Link:
    return Link()


@pytest.fixture
def music(link: Link) -> RoomMusic:
    return RoomMusic(cast(AmiLink, cast(Any, link)))


def test_the_first_is_told_when_the_second_comes_and_never_after(music: RoomMusic) -> None:
    told = [music.hear(event("ConfbridgeJoin", who=who)) for who in ("seat", "caller", "grid")]
    assert told == [None, "seat", None]


def test_who_stayed_alone_is_the_first_of_the_next_two(music: RoomMusic) -> None:
    for who in ("seat", "caller"):
        music.hear(event("ConfbridgeJoin", who=who))
    assert music.hear(event("ConfbridgeLeave", who="seat")) is None
    assert music.hear(event("ConfbridgeJoin", who="colleague")) == "caller"


def test_rooms_are_apart_and_a_room_that_ended_is_forgotten(music: RoomMusic) -> None:
    music.hear(event("ConfbridgeJoin", who="seat"))
    assert music.hear(event("ConfbridgeJoin", room="ms-2", who="other")) is None
    music.hear(event("ConfbridgeEnd"))
    assert music.hear(event("ConfbridgeJoin", who="late")) is None
    assert music.hear(event("Hangup", who="late")) is None


async def test_after_a_silence_everybody_who_is_not_alone_is_told(music: RoomMusic, link: Link) -> None:
    assert await music.look() == []
    link.rooms = {"ms-1": [("caller", 3), ("seat", 9)], "ms-2": [("alone", 5)]}
    assert await music.look() == ["seat", "caller"]
    # And it goes on from there
    assert music.hear(event("ConfbridgeJoin", room="ms-2", who="colleague")) == "alone"


async def test_an_event_that_comes_after_the_look_counts_nobody_twice(music: RoomMusic, link: Link) -> None:
    link.rooms = {"ms-1": [("seat", 9), ("caller", 3)]}
    await music.look()
    music.hear(event("ConfbridgeJoin", who="caller"))
    music.hear(event("ConfbridgeLeave", who="caller"))
    assert music.hear(event("ConfbridgeJoin", who="colleague")) == "seat"


async def test_a_key_is_pressed_and_who_is_gone_needs_none(music: RoomMusic, link: Link) -> None:
    await music.end("seat")
    await music.end("gone")
    assert link.told[0] == ("PlayDTMF", {"Channel": "seat", "Digit": "D", "Receive": "true"})
