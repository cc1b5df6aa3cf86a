"""AudioSocket framing: any split gives the same messages; garbage is refused, and nothing else raises."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transcription.audio_socket import (
    DTMF,
    ERROR,
    HANGUP,
    ID,
    MAX_PAYLOAD,
    RATES_HZ,
    MalformedStream,
    Message,
    Parser,
    message,
)

sounds = st.builds(
    lambda kind, half: Message(kind, half + half), st.sampled_from(sorted(RATES_HZ)), st.binary(max_size=400)
)
others = st.builds(Message, st.sampled_from((HANGUP, ID, DTMF, ERROR)), st.binary(max_size=40))
streams = st.lists(st.one_of(sounds, others), max_size=12)
bad_headers = st.one_of(
    st.integers(0, 255)
    .filter(lambda kind: kind not in RATES_HZ and kind not in (HANGUP, ID, DTMF, ERROR))
    .map(lambda kind: bytes((kind, 0, 2))),
    st.sampled_from(sorted(RATES_HZ)).map(lambda kind: bytes((kind, 1, 1))),  # 257 bytes: half a sample
    st.integers(MAX_PAYLOAD + 1, 65535).map(lambda length: bytes((0x10,)) + length.to_bytes(2, "big")),
)


def wire(messages):
    return b"".join(message(one.kind, one.payload) for one in messages)


def pieces(data, cuts):
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in itertools.pairwise(places)]


def read(parts):
    """The messages, and whether the stream was refused."""
    parser, found = Parser(), []
    try:
        for part in parts:
            for one in parser.feed(part):
                found.append(one)  # one by one: what came before a bad header counts
    except MalformedStream:
        return found, True
    return found, False


cuts = st.lists(st.integers(0, 4000), max_size=30)


@settings(deadline=None)
@given(streams, cuts)
def test_any_split_gives_the_same_messages(messages, cuts):
    assert read(pieces(wire(messages), cuts)) == (messages, False)


@settings(deadline=None)
@given(streams, bad_headers, st.binary(max_size=50), cuts)
def test_what_came_before_garbage_is_kept_however_it_is_split(messages, bad, after, cuts):
    assert read(pieces(wire(messages) + bad + after, cuts)) == (messages, True)


@settings(deadline=None)
@given(streams, sounds, st.data())
def test_a_truncated_message_waits_for_its_rest(messages, last, data):
    whole = wire([last])
    cut = data.draw(st.integers(0, len(whole) - 1))
    parser = Parser()
    assert list(parser.feed(wire(messages) + whole[:cut])) == messages
    assert list(parser.feed(whole[cut:])) == [last]


@settings(deadline=None)
@given(st.binary(max_size=3000), cuts)
def test_random_bytes_are_messages_or_refused_and_the_split_makes_no_difference(garbage, cuts):
    assert read(pieces(garbage, cuts)) == read([garbage])


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01\x02\x04"])
def test_an_error_frame_of_any_length_is_a_message(payload):
    assert read([message(ERROR, payload)]) == ([Message(ERROR, payload)], False)
