import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UnsafeHeader
from telephony.ami_protocol import (
    AmiMessage,
    FencedAction,
    FencedProtocol,
    Framer,
    check_headers,
    parse_message,
)

WORD = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=0, max_size=20)
NAMES = st.lists(st.sampled_from(["Name", "Reason", "Exten", "CallerIDName", "X-中"]), unique=True)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(data) + 1) for place in places})
    return [data[a:b] for a, b in zip([0, *marks], [*marks, len(data)], strict=True)]


@given(st.lists(st.dictionaries(NAMES.map("".join), WORD)), st.lists(st.integers(0, 10_000)))
def test_whatever_the_cuts_no_message_and_no_character_is_lost(bodies, places):
    sent = [{"Event": f"E{n}", **{k: v for k, v in body.items() if k}} for n, body in enumerate(bodies)]
    wire = b"Asterisk Call Manager/11.0.0\r\n" + b"".join(
        b"".join(f"{k}: {v}\r\n".encode() for k, v in message.items()) + b"\r\n" for message in sent
    )
    framer = Framer()
    got = [parse_message(frame) for part in cut(wire, places) for frame in framer.feed(part)]
    assert [dict(message) for message in got] == sent


@given(st.lists(st.binary(max_size=200)))
def test_garbage_never_raises_out_of_the_protocol(parts):
    async def feed() -> None:
        protocol = FencedProtocol(lambda _: None, lambda: None)
        for part in parts:
            protocol.data_received(part)

    asyncio.run(feed())


def test_a_message_without_an_end_is_refused():
    framer = Framer(limit=100)
    with pytest.raises(ValueError, match="without an end"):
        framer.feed(b"x" * 101)


def test_bytes_that_are_no_utf8_cost_only_themselves():
    assert parse_message(b"Event: A\r\nName: a\xffb\r\nExten: 1")["Name"] == "a\ufffdb"


def test_a_header_that_comes_twice_is_marked_and_the_first_counts():
    message = parse_message(b"Event: Hangup\r\nUniqueid: 1\r\nUniqueid: 2")
    assert message.doubled
    assert message["Uniqueid"] == "1"


@given(st.text(), st.sampled_from(["\r", "\n", "\0", "\x7f", "\u2028", "\x1b"]), st.text())
def test_control_characters_are_refused_in_values_and_keys(before, control, after):
    with pytest.raises(UnsafeHeader):
        check_headers("Redirect", {"Channel": before + control + after})
    with pytest.raises(UnsafeHeader):
        check_headers("Redirect", {before + control + after: "1"})


async def test_p7_originate_is_always_async():
    assert FencedAction("Originate", {"Channel": "x"})["Async"] == "true"


async def test_p3_a_callback_that_raises_costs_one_event_only():
    got: list[str] = []

    def on_event(message: AmiMessage) -> None:
        if message["Event"] == "Boom":
            raise RuntimeError
        got.append(message["Event"])

    protocol = FencedProtocol(on_event, lambda: None)
    protocol.data_received(b"Event: Boom\r\n\r\n" + b"Event: Next\r\n\r\n" * 10)
    assert got == ["Next"] * 10
