"""AMI messages a second, parsed and dispatched: ours against raw Panoramisk 1.4, in one run."""

from __future__ import annotations

import asyncio
import time
from collections import deque

import pytest
from panoramisk import Manager
from panoramisk.ami_protocol import AMIProtocol

from telephony.ami_protocol import FencedProtocol

MESSAGES = 30_000
HEADERS = "".join(f"Header{n}: value-{n}-张三\r\n" for n in range(18))
WIRE = (f"Event: Newexten\r\nPrivilege: dialplan,all\r\n{HEADERS}\r\n".encode()) * MESSAGES
CHUNK = 64 * 1024


def run(protocol, got) -> float:
    began = time.perf_counter()
    for place in range(0, len(WIRE), CHUNK):
        protocol.data_received(WIRE[place : place + CHUNK])
    rate = MESSAGES / (time.perf_counter() - began)
    assert len(got) == MESSAGES
    return rate


@pytest.mark.bench
async def test_messages_a_second_against_raw_panoramisk(capsys):
    ours: list[object] = []
    fenced = run(FencedProtocol(ours.append, lambda: None), ours)
    theirs: list[object] = []
    manager = Manager(loop=asyncio.get_running_loop())
    manager.register_event("Newexten", lambda _, event: theirs.append(event))
    raw = AMIProtocol()
    raw.connection_made(None)
    raw.factory, raw.queue, raw.encoding = manager, deque(), "utf8"
    panoramisk = run(raw, theirs)
    with capsys.disabled():
        # The figure is the purpose of a bench
        print(f"\nfenced {fenced:,.0f}/s, panoramisk {panoramisk:,.0f}/s, ratio {fenced / panoramisk:.2f}")
    assert fenced > panoramisk
