"""What time it is. Handed in everywhere, so that a test can move it."""

from __future__ import annotations

import datetime as dt
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> dt.datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        """The present moment, aware, in UTC."""
        return dt.datetime.now(dt.UTC)


class SteppedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: dt.datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock needs an aware time")
        self._now = start.astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        """The moment last set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward (or back) by that many seconds."""
        self._now += dt.timedelta(seconds=seconds)


def local_text(moment: dt.datetime) -> str:
    """A moment as people here read it: `11月23日 22:41`."""
    here = moment.astimezone(SHANGHAI)
    return f"{here.month}月{here.day}日 {here:%H:%M}"


def duration_text(seconds: float) -> str:
    """A length of time as people here read it: `3分12秒`."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}小时{minutes}分{rest}秒"
    return f"{minutes}分{rest}秒" if minutes else f"{rest}秒"
