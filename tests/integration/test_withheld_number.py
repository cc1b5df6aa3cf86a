"""A caller who withholds the number: that is said, and no number is made up for it."""

from __future__ import annotations

from tests.fakes.confided import mark
from tests.fakes.web_house import a_call, a_ticket


async def test_a_withheld_number_is_none_after_the_call_as_well(house):
    await house.add(a_call("ms-7", caller=""), a_ticket(7, "op01", call_id="ms-7", caller_number=""))
    browser = await house.as_("op01")
    for secret in (False, True):
        await mark(house, secret)
        call = (await browser.get("/api/calls/ms-7")).json()
        assert (call["caller"], call["history"]["count"]) == ("", 0), "the seat's page asks for a number"
    await mark(house, False)
    (listed,) = (await (await house.as_("leader")).get("/api/calls")).json()["calls"]
    (ticket,) = (await browser.get("/api/tickets")).json()["tickets"]
    assert {listed["caller_masked"], ticket["caller_masked"]} == {"号码未显示"}
