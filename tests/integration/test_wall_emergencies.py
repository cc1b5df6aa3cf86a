"""What a wall says of 一键三方 that run: each role and how far it is, nobody's name and nobody's number."""

from __future__ import annotations

from core.bridge_words import BridgeKind, BridgeState, LegAim, LegState, Presser
from db.models import Bridge, BridgeLeg, BridgeNumber
from tests.fakes.web_house import NOW, WebHouse

NUMBER, NAME = "13912345678", "王五"
LEGS = (
    ("caller", LegState.JOINED),
    ("seat", LegState.JOINED),
    ("grid_worker", LegState.RINGING),
    ("internet_office", LegState.JOINED),
    ("handling_unit", LegState.BUSY),
)


def room(bridge_id: int, state: BridgeState, kind: BridgeKind = BridgeKind.EMERGENCY) -> list[object]:
    first = bridge_id * 10
    return [
        Bridge(
            id=bridge_id,
            key=f"p1:press-{bridge_id}",
            kind=kind,
            presser=Presser.SEAT_CALL,
            account_id=1,
            seat_id=2,
            about="0101",
            state=state,
            pressed_at=NOW,
        ),
        *(
            BridgeLeg(
                id=first + n, bridge_id=bridge_id, role=role, state=at, aim=LegAim.ROOM, asks=True, since=NOW
            )
            for n, (role, at) in enumerate(LEGS)
        ),
        BridgeNumber(leg_id=first + 2, place=0, digits=NUMBER, label="手机", name=NAME),
    ]


async def test_roles_and_how_far_they_are_and_no_name_or_number(house: WebHouse) -> None:
    await house.add(
        *room(1, BridgeState.OPEN),
        *room(2, BridgeState.ENDED),
        *room(3, BridgeState.OPEN, BridgeKind.CONSULT),
        *room(4, BridgeState.OPENING),
    )
    answer = await (await house.as_("op02")).get("/api/board")
    found = answer.json()["emergencies"]
    assert [one["id"] for one in found] == [1, 4]
    assert (found[0]["kind_label"], found[0]["seat_id"]) == ("一键三方", 2)
    assert [(leg["role_label"], leg["label"]) for leg in found[0]["legs"]] == [
        ("网格员", "振铃"),
        ("网信部门", "已接通"),
        ("承办单位", "忙"),
    ]
    assert NUMBER not in answer.text
    assert NAME not in answer.text
