"""Looks over what conferences really did, from Asterisk's own records (CEL) and the database's rows.

Independent of the code that makes conferences: it knows only the names of rooms and channels. Each press
one conference, each role one leg at a time, each emergency service one leg, each attempt dialled once,
each number once unless asked again.
"""

from __future__ import annotations

import csv
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

_LEG: Final = re.compile(r"br-([0-9]+)x([0-9]+)x([0-9]+)-")
_EVENT, _AT, _UNIQUEID, _CHANNEL, _EXTEN, _APP, _DATA, _USER_EVENT = 0, 1, 2, 4, 6, 8, 9, 10


@dataclass
class Life:
    """One leg's channel in Asterisk's records."""

    began: list[float] = field(default_factory=list[float])
    ended: list[float] = field(default_factory=list[float])
    rooms: list[str] = field(default_factory=list[str])
    held: int = 0
    """How often it was sent to the music."""


@dataclass
class Records:
    """All that the file says of conferences."""

    legs: dict[tuple[int, int, int], Life] = field(default_factory=lambda: defaultdict(Life))
    moved: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list[str]))
    """Rooms by the Uniqueid of callers and seats."""
    held: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list[str]))
    """Rooms whose music callers heard, by Uniqueid."""
    nameless: list[str] = field(default_factory=list[str])


def check(cel: Path, database: Path, keys: Iterable[str]) -> list[str]:
    """What is wrong, a sentence each; empty if every press of `keys` became exactly what it should."""
    records = _read(cel)
    problems = [f"outbound channel {channel} has no name of ours" for channel in records.nameless]
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows:
        problems += _presses(rows, keys)
        problems += _legs(rows, records)
        problems += _rooms(rows, records)
    return problems


def _read(cel: Path) -> Records:
    records = Records()
    with cel.open(encoding="utf-8", errors="replace", newline="") as source:
        for row in csv.reader(source):
            if len(row) > _USER_EVENT:
                _note(records, row)
    return records


def _note(records: Records, row: list[str]) -> None:
    match = _LEG.match(row[_UNIQUEID])
    if row[_USER_EVENT] == "MsHeld":
        records.held[row[_UNIQUEID]].append(f"ms-{row[_EXTEN]}")
    if match is None:
        if row[_EVENT] == "CHAN_START" and row[_CHANNEL].startswith("PJSIP/outbound-"):
            records.nameless.append(row[_CHANNEL])
        if row[_EVENT] == "APP_START" and row[_APP] == "ConfBridge":
            records.moved[row[_UNIQUEID]].append(row[_DATA].partition(",")[0])
        return
    life = records.legs[int(match[1]), int(match[2]), int(match[3])]
    life.held += row[_USER_EVENT] == "MsHeld"
    if row[_EVENT] == "CHAN_START":
        life.began.append(float(row[_AT]))
    elif row[_EVENT] == "CHAN_END":
        life.ended.append(float(row[_AT]))
    elif row[_EVENT] == "APP_START" and row[_APP] == "ConfBridge":
        life.rooms.append(row[_DATA].partition(",")[0])


def _presses(rows: sqlite3.Connection, keys: Iterable[str]) -> Iterator[str]:
    found = Counter(key.partition(":")[2] for (key,) in rows.execute("SELECT key FROM bridges"))
    for key in keys:
        if found[key] != 1:
            yield f"press {key} has {found[key]} conferences"


def _legs(rows: sqlite3.Connection, records: Records) -> Iterator[str]:
    roles = Counter(rows.execute("SELECT bridge_id, role FROM bridge_legs").fetchall())
    yield from (
        f"bridge {bridge} has {count} legs {role}" for (bridge, role), count in roles.items() if count > 1
    )
    known = set(
        rows.execute(
            "SELECT l.bridge_id, l.id, a.number FROM bridge_attempts a JOIN bridge_legs l ON l.id = a.leg_id"
        )
    )
    by_leg: dict[tuple[int, int], list[tuple[int, Life]]] = defaultdict(list)
    for name, life in records.legs.items():
        if name not in known:
            yield f"Asterisk dialled {name}, which no row ordered"
        if len(life.began) != 1:
            yield f"attempt {name} began {len(life.began)} times"
        if len(life.rooms) > 1 + life.held or any(place != f"ms-{name[0]}" for place in life.rooms):
            yield f"attempt {name} was in {life.rooms}"
        by_leg[name[0], name[1]].append((name[2], life))
    for leg, lives in by_leg.items():
        yield from _one_at_a_time(leg, lives)
    yield from _never_dialled(rows, records)
    yield from _numbers_once(rows)
    yield from _services_once(rows, records)


def _one_at_a_time(leg: tuple[int, int], lives: list[tuple[int, Life]]) -> Iterator[str]:
    lives = sorted(lives, key=lambda one: one[0])
    for (number, life), (_, later) in pairwise(lives):
        if not life.ended or (later.began and later.began[0] < life.ended[0] - 0.05):
            yield f"leg {leg}: attempt {number} still lived when the next began"


def _never_dialled(rows: sqlite3.Connection, records: Records) -> Iterator[str]:
    query = """SELECT l.bridge_id, l.id, a.number, a.result FROM bridge_attempts a
               JOIN bridge_legs l ON l.id = a.leg_id WHERE l.role <> 'seat'"""
    for bridge, leg, number, result in rows.execute(query):
        if (bridge, leg, number) not in records.legs and result not in ("removed", "failed"):
            yield f"attempt {(bridge, leg, number)} ({result}) was never dialled"


def _numbers_once(rows: sqlite3.Connection) -> Iterator[str]:
    """By itself a number is called once: again only where a fact says that somebody asked for it."""
    query = """SELECT l.id, a.place, count(*), (SELECT count(*) FROM event_log e WHERE e.kind = 'LegRedialled'
               AND json_extract(e.payload, '$.leg_id') = l.id) FROM bridge_attempts a
               JOIN bridge_legs l ON l.id = a.leg_id GROUP BY l.id, a.place"""
    for leg, place, times, asked in rows.execute(query):
        if times > 1 + asked:
            yield f"leg {leg}: number {place} was called {times} times, asked for {asked} times"


def _services_once(rows: sqlite3.Connection, records: Records) -> Iterator[str]:
    """110, 119, 120 and 122 are called by one leg each, whatever its role and whichever of their numbers."""
    query = """SELECT DISTINCT u.code, l.bridge_id, l.id, a.number FROM bridge_attempts a
               JOIN bridge_legs l ON l.id = a.leg_id
               JOIN bridge_numbers n ON n.leg_id = l.id AND n.place = a.place
               JOIN phone_numbers p ON p.number = n.digits
               JOIN units u ON u.id = p.unit_id AND u.code IN ('110', '119', '120', '122')"""
    called: dict[tuple[int, str], set[int]] = defaultdict(set)
    for service, bridge, leg, number in rows.execute(query):
        if (bridge, leg, number) in records.legs:
            called[bridge, service].add(leg)
    for (bridge, service), legs in called.items():
        if len(legs) > 1:
            yield f"bridge {bridge} called {service} with {len(legs)} legs"


def _rooms(rows: sqlite3.Connection, records: Records) -> Iterator[str]:
    """Each caller that was moved went into one room for one press, and again after each hold."""
    for uniqueid, call in rows.execute(
        "SELECT b.id, b.call_id FROM bridges b WHERE b.call_id IS NOT NULL"
    ).fetchall():
        places = [place for place in records.moved.get(call, []) if place == f"ms-{uniqueid}"]
        if len(places) > 1 + records.held.get(call, []).count(f"ms-{uniqueid}"):
            yield f"caller {call} entered room ms-{uniqueid} {len(places)} times"
