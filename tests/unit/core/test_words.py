"""Ids that are safe as file names, times as people read them, logs without people's words."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import logging
from enum import StrEnum

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from core import vocabulary
from core.clock import SteppedClock, duration_text, local_text
from core.ids import parse_call_id
from core.logging import configure_logging
from core.tasks import TaskGroup
from core.vocabulary import label


@given(st.text(max_size=100))
def test_a_call_id_is_never_a_path(text: str) -> None:
    try:
        call_id = parse_call_id(text)
    except ValueError:
        return
    assert "/" not in call_id
    assert ".." not in call_id
    assert call_id.isascii()


def test_times_are_shown_in_shanghai() -> None:
    assert local_text(dt.datetime(2026, 11, 23, 14, 41, tzinfo=dt.UTC)) == "11月23日 22:41"
    assert duration_text(192) == "3分12秒"
    assert duration_text(3600) == "1小时0分0秒"
    assert duration_text(-1) == "0秒"


def test_a_stepped_clock_moves_only_when_told() -> None:
    clock = SteppedClock(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    before = clock.now()
    clock.advance(60)
    assert (clock.now() - before).total_seconds() == 60
    with pytest.raises(ValueError, match="aware"):
        SteppedClock(dt.datetime(2026, 1, 1))  # noqa: DTZ001


def test_every_state_a_screen_shows_has_a_chinese_word() -> None:
    shown: list[type[StrEnum]] = [
        vocabulary.CallState,
        vocabulary.SeatState,
        vocabulary.PauseReason,
        vocabulary.Role,
        vocabulary.CallOutcome,
        vocabulary.TicketStatus,
        vocabulary.LinkState,
    ]
    for kind in shown:
        for word in kind:
            assert not label(word).isascii(), word


def test_personal_data_is_not_logged() -> None:
    stream = io.StringIO()
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    try:
        configure_logging(json=True, stream=stream)
        structlog.get_logger("x").warning("call_arrived", call_id="ms-1.1", pii_caller="13800001234")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
        structlog.reset_defaults()
    assert "ms-1.1" in stream.getvalue()
    assert "13800001234" not in stream.getvalue()


async def test_a_task_that_fails_is_run_again_and_ends_with_its_owner() -> None:
    runs: list[int] = []
    again = asyncio.Event()

    async def work() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise RuntimeError
        again.set()
        await asyncio.Event().wait()

    group = TaskGroup()
    task = group.run_forever("x", work)
    await asyncio.wait_for(again.wait(), 5)
    await group.close()
    assert task.cancelled()
    assert len(runs) == 3


def test_words_that_are_spelt_alike_keep_their_own_labels() -> None:
    assert label(vocabulary.CallOutcome.ANSWERED) == "人工接听"
    assert label(vocabulary.TicketStatus.ANSWERED) == "直办办结"
