"""P1–P8 of engineering.md against a server that misbehaves as Asterisk and networks do."""

import asyncio
import importlib.util
from pathlib import Path

import pytest

from core.config import AmiSettings
from core.errors import ActionRefused, ActionTimedOut, SwitchboardUnavailable
from telephony.ami_client import AmiLink


def load(name):
    file = Path(__file__).parent.parent / "fakes" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"fakes_{name}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FakeAmi, until = load("ami_server").FakeAmi, load("waiting").until


@pytest.fixture
async def server():
    fake = FakeAmi()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def link(server):
    ami = AmiSettings(port=server.port, action_timeout_s=0.5, ping_s=0.2)
    made = AmiLink(ami, user="watch", secret="s", events=True)
    made.start()
    await until("the link is up", lambda: made.up)
    yield made
    await made.close()


async def test_p2_a_name_cut_in_two_arrives_whole(server, link):
    whole = "Event: NewCallerid\r\nCallerIDName: 张三丰\r\n\r\n".encode()
    middle = whole.index("三".encode()) + 1
    writer = server.connections[0].writer
    writer.write(whole[:middle])
    await writer.drain()
    await until("the first part is read", lambda: b"NewCallerid" in link._protocol._framer._rest)
    writer.write(whole[middle:])
    assert (await asyncio.wait_for(link.messages.get(), 40))["CallerIDName"] == "张三丰"


async def test_p4_nothing_is_sent_twice_after_a_cut(server, link):
    async def die(connection, action):
        server.cut()

    server.answers["Originate"] = die
    with pytest.raises(SwitchboardUnavailable):
        await link.action("Originate", {"Channel": "PJSIP/x"})
    await until("the link is back", lambda: link.up and server.total >= 2)
    await link.action("Ping")
    assert len(server.asked("Originate")) == 1


async def test_p5_a_silent_server_is_left_within_three_pings(server, link):
    server.mute = True
    await until("the silence is noticed", lambda: not link.up)
    server.mute = False
    await until("the link is back", lambda: link.up)


async def test_p6_close_in_the_gap_ends_connecting(server, link):
    await server.stop()
    await until("the link is down", lambda: not link.up)
    await link.close()
    again = FakeAmi()
    await again.start(server.port)
    await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.6)
    assert again.total == 0
    await again.stop()
    await server.start()


async def test_p7_an_action_without_an_answer_ends(server, link):
    async def nothing(connection, action):
        return

    server.answers["Originate"] = nothing
    with pytest.raises(ActionTimedOut):
        await link.action("Originate", {"Channel": "PJSIP/x"})


async def test_a_refusal_is_an_error_even_of_a_list(server, link):
    async def refuse(connection, action):
        connection.respond(action, "Error", "No such thing")

    server.answers["QueueStatus"] = refuse
    with pytest.raises(ActionRefused):
        await link.listing("QueueStatus")


async def test_a_refused_login_is_visible(server):
    server.refuse_login = True
    link = AmiLink(AmiSettings(port=server.port, action_timeout_s=0.5), user="w", secret="x", events=True)
    link.start()
    await until("the refusal shows", lambda: "login refused" in link.problem)
    with pytest.raises(SwitchboardUnavailable):
        await link.action("Ping")
    await link.close()
