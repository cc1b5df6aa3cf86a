"""The life of a test call: what Asterisk shows becomes one outcome, and only the key confirms."""

from __future__ import annotations

import itertools

import pytest

from core.errors import IllegalTransition
from core.vocabulary import ProbeOutcome
from telephony.ami_protocol import parse_message
from telephony.probe_translate import ProbeSign, read
from telephony.prober import ProbeState, next_state, outcome_of

TOKEN = "1234567890123456"
S, P = ProbeState, ProbeSign


@pytest.mark.parametrize(
    ("signs", "cause", "outcome"),
    [
        ([P.RANG, P.PICKED_UP, P.CONFIRMED], 16, ProbeOutcome.CONFIRMED),
        ([P.RANG, P.PICKED_UP], 16, ProbeOutcome.NO_KEY),
        ([P.PICKED_UP], 19, ProbeOutcome.NO_KEY),
        ([P.RANG], 17, ProbeOutcome.BUSY),
        ([], 21, ProbeOutcome.BUSY),
        ([P.RANG], 16, ProbeOutcome.NO_ANSWER),
        ([], 19, ProbeOutcome.NO_ANSWER),
        ([], 1, ProbeOutcome.UNREACHABLE),
        ([], 0, ProbeOutcome.UNREACHABLE),
    ],
)
def test_each_way_has_its_outcome(signs, cause, outcome):
    state = next_state(S.ORDERED, P.BEGAN)
    for sign in signs:
        state = next_state(state, sign)
    assert next_state(state, P.HUNG_UP) is S.OVER
    assert outcome_of(state, cause) is outcome


def test_nothing_but_the_key_after_an_answer_ever_confirms():
    for signs in itertools.product(P, repeat=5):
        state = S.ORDERED
        for sign in signs:
            try:
                state = next_state(state, sign)
            except IllegalTransition:
                continue
            if state is S.CONFIRMED:
                assert sign is P.CONFIRMED
                assert P.PICKED_UP in signs


def test_a_failed_order_ends_nothing_that_has_a_channel():
    assert next_state(S.ORDERED, P.NEVER_BEGAN) is S.OVER
    assert outcome_of(S.ORDERED, 0) is ProbeOutcome.UNREACHABLE
    with pytest.raises(IllegalTransition):
        next_state(S.DIALLED, P.NEVER_BEGAN)


def event(**headers: str):
    return parse_message("\r\n".join(f"{key}: {value}" for key, value in headers.items()).encode())


@pytest.mark.parametrize(
    ("headers", "sign"),
    [
        ({"Event": "Newstate", "ChannelState": "5"}, P.RANG),
        ({"Event": "Newstate", "ChannelState": "6"}, P.PICKED_UP),
        ({"Event": "Newstate", "ChannelState": "0"}, None),
        ({"Event": "UserEvent", "UserEvent": "MinshengProbeConfirmed"}, P.CONFIRMED),
        ({"Event": "UserEvent", "UserEvent": "MinshengLegLater"}, None),
        ({"Event": "Hangup", "Cause": "17"}, P.HUNG_UP),
        ({"Event": "Newchannel"}, P.BEGAN),
        ({"Event": "Newexten"}, None),
    ],
)
def test_asterisks_words_become_signs(headers, sign):
    heard = read(event(**headers, Uniqueid=f"probe-{TOKEN}"))
    assert (heard.sign if heard else None) == sign
    assert read(event(**headers, Uniqueid="br-1x1x1-2147483000.1")) is None
    assert read(event(**headers, Uniqueid=f"probe-{TOKEN}9")) is None


def test_an_order_of_which_nothing_came_is_known_by_where_it_was_to_go():
    failed = {"Event": "OriginateResponse", "Response": "Failure", "Uniqueid": "<null>", "Exten": TOKEN}
    heard = read(event(**failed, Context="probe"))
    assert heard is not None
    assert (heard.token, heard.sign) == (TOKEN, P.NEVER_BEGAN)
    assert read(event(**failed, Context="bridge-leg")) is None
    assert read(event(**{**failed, "Response": "Success"}, Context="probe")) is None
