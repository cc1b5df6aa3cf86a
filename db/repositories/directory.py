"""Who is called: rules from category and place to roles, and each role's numbers in the order to try.

Order: whoever is on the roster now, then duty phones (day or night), mobiles, deputies; the same again
for numbers that no test call has confirmed, which come last and say so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import SHANGHAI
from core.vocabulary import BridgeRole, ContactRole, NumberKind
from db.models.directory import BridgeRule, Contact, DutyShift, Grid, GridMember, PhoneNumber, Unit
from db.models.reference import Policy

OWN: Final = (NumberKind.DUTY, NumberKind.MOBILE)
"""A person's own numbers, in the order in which they are tried."""
UNVERIFIED: Final = "（未拨测）"
CALLED_AS: Final[Mapping[BridgeRole, ContactRole]] = {
    BridgeRole.GRID_WORKER: ContactRole.GRID_WORKER,
    BridgeRole.INTERNET_OFFICE: ContactRole.INTERNET_OFFICE,
    BridgeRole.HANDLING_UNIT: ContactRole.UNIT_DUTY,
    BridgeRole.EMERGENCY: ContactRole.UNIT_DUTY,
}
BY_PLACE: Final = (BridgeRole.GRID_WORKER, BridgeRole.HANDLING_UNIT)
"""Roles that a rule may leave to the place: its grid, its township."""

DUTY_DAY: Final[Mapping[str, str]] = {"duty_day_from": "08:30", "duty_day_until": "20:30"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One number to try for a role."""

    name: str
    """Whose it is."""
    label: str
    """Which number it is, and whether a test call confirmed it."""
    digits: str
    number_id: int
    verified: bool
    contact_id: int | None
    unit_id: int | None


@dataclass(frozen=True, slots=True)
class Matter:
    """What it is about, and where: category code, town code, village id."""

    category: str = ""
    town: str | None = None
    village: int | None = None


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody who may be called, and what is known of him."""

    row: Contact
    in_grid: bool
    """A member of some grid."""
    here: bool
    """A member of the place's own grid."""
    leads: bool
    on_duty: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """All that may be called for one role, and who of them is on duty."""

    role: BridgeRole
    unit: Unit | None
    people: Sequence[Contact]
    on_duty: frozenset[int]
    numbers: Sequence[PhoneNumber]
    day: bool


async def roles_for(
    session: AsyncSession, category: str, town: str | None, village: int | None
) -> dict[BridgeRole, BridgeRule]:
    """The roles called for this category and place, each with the rule that decides it."""
    rules = list(await session.scalars(select(BridgeRule).order_by(BridgeRule.id)))
    return best_rules(rules, category, town, village)


def best_rules(
    rules: Iterable[BridgeRule], category: str, town: str | None, village: int | None
) -> dict[BridgeRole, BridgeRule]:
    """For each role the most special rule that fits: longest category, then village, then town."""
    best: dict[BridgeRole, BridgeRule] = {}
    for rule in rules:
        fits = (
            category.startswith(rule.category_prefix)
            and rule.town_code in (None, town)
            and rule.village_id in (None, village)
        )
        if fits and (rule.role not in best or _weight(rule) > _weight(best[rule.role])):
            best[rule.role] = rule
    return {role: best[role] for role in BridgeRole if role in best}


def _weight(rule: BridgeRule) -> tuple[int, bool, bool]:
    return len(rule.category_prefix), rule.village_id is not None, rule.town_code is not None


async def numbers_for(  # noqa: PLR0913, RUF100 - a question of five words
    session: AsyncSession,
    role: BridgeRole,
    category: str,
    town: str | None,
    village: int | None,
    at: dt.datetime,
) -> list[tuple[str, str]]:
    """(label, number) of everybody to try for this role, in order; empty where nobody is known."""
    found = await candidates(session, role, Matter(category, town, village), at)
    return [(f"{one.name} {one.label}", one.digits) for one in found]


async def candidates(
    session: AsyncSession, role: BridgeRole, matter: Matter, at: dt.datetime
) -> list[Candidate]:
    """As `numbers_for`, with the rows behind each number."""
    return (await candidates_of(session, [role], matter, at))[role]


async def candidates_of(
    session: AsyncSession, roles: Sequence[BridgeRole], matter: Matter, at: dt.datetime
) -> dict[BridgeRole, list[Candidate]]:
    """Each role's numbers; all roles are looked up together, for a press waits for it."""
    rules = await roles_for(session, matter.category, matter.town, matter.village)
    wanted = [role for role in roles if role in rules and role is not BridgeRole.CITIZEN]
    found: dict[BridgeRole, list[Candidate]] = {role: [] for role in roles}
    if not wanted:
        return found
    units = await _units(session, {role: rules[role].unit_id for role in wanted}, matter)
    known = await _people(session, units, matter.village, at)
    people = {role: _called_as(role, unit, known) for role, unit in units.items()}
    everybody = list({person.id: person for group in people.values() for person in group}.values())
    on_duty = frozenset(one.row.id for one in known if one.on_duty)
    numbers = await _numbers(session, list(units.values()), everybody)
    day = await is_day(session, at)
    for role, unit in units.items():
        found[role] = in_order(_Known(role, unit, people[role], on_duty, numbers, day))
    return found


async def _units(
    session: AsyncSession, named: Mapping[BridgeRole, int | None], matter: Matter
) -> dict[BridgeRole, Unit | None]:
    """The unit of each role: the rule's, else for some roles the place's."""
    ids = [unit_id for unit_id in named.values() if unit_id is not None]
    query = select(Unit).where(or_(Unit.id.in_(ids), Unit.town_code == (matter.town or ""))).order_by(Unit.id)
    rows = list(await session.scalars(query))
    by_id = {unit.id: unit for unit in rows}
    here = next((unit for unit in rows if matter.town and unit.town_code == matter.town), None)
    chosen = {
        role: by_id.get(unit_id or 0) or (here if role in BY_PLACE else None)
        for role, unit_id in named.items()
    }
    return {role: unit if unit is not None and unit.active else None for role, unit in chosen.items()}


def in_order(known: _Known) -> list[Candidate]:
    """Every number once, at its best place; confirmed numbers before the others."""
    seen: dict[str, Candidate] = {}
    for number, who in _walk(known):
        # 110, 119 and 120 are never rung to try them
        official = number.unit_id is not None and known.role is BridgeRole.EMERGENCY
        verified = number.verified_at is not None or official
        mark = "" if verified else UNVERIFIED
        seen.setdefault(
            number.number,
            Candidate(
                who,
                f"{number.kind}{mark}",
                number.number,
                number.id,
                verified,
                number.contact_id,
                number.unit_id,
            ),
        )
    return sorted(seen.values(), key=lambda one: not one.verified)


def _walk(known: _Known) -> Iterator[tuple[PhoneNumber, str]]:
    """Numbers in the order to try them: roster, duty phones, mobiles, deputies, the township last."""
    deputies = [person for person in known.people if person.role is ContactRole.DEPUTY]
    regular = [person for person in known.people if person.role is not ContactRole.DEPUTY]
    for person in known.people:
        if person.id in known.on_duty:
            yield from _of(known, person, *OWN)
    if known.role is not BridgeRole.GRID_WORKER:
        yield from _of_unit(known)
    for kind in (*OWN, NumberKind.DEPUTY):
        for person in regular:
            yield from _of(known, person, kind)
    for person in deputies:
        yield from _of(known, person, *OWN, NumberKind.DEPUTY)
    if known.role is BridgeRole.GRID_WORKER:
        yield from _of_unit(known)


def _of(known: _Known, person: Contact, *kinds: NumberKind) -> Iterator[tuple[PhoneNumber, str]]:
    for kind in kinds:
        for number in known.numbers:
            if number.contact_id == person.id and number.kind is kind:
                yield number, f"{person.title or person.role} {person.name}"


def _of_unit(known: _Known) -> Iterator[tuple[PhoneNumber, str]]:
    if known.unit is None:
        return
    kinds = [NumberKind.DUTY_DAY, NumberKind.DUTY, NumberKind.DUTY_NIGHT]
    for kind in kinds if known.day else reversed(kinds):
        for number in known.numbers:
            if number.unit_id == known.unit.id and number.kind is kind:
                yield number, known.unit.name


async def _people(
    session: AsyncSession, units: Mapping[BridgeRole, Unit | None], village: int | None, at: dt.datetime
) -> list[_Person]:
    """Everybody of these units and of the place's grid, with one question for all that is to be known."""
    place = village if village is not None and BridgeRole.GRID_WORKER in units else -1
    grids = select(Grid.id).where(Grid.village_id == place)
    of_his = select(GridMember.contact_id).where(GridMember.contact_id == Contact.id)
    here = of_his.where(GridMember.grid_id.in_(grids))
    on_duty = select(DutyShift.id).where(
        DutyShift.contact_id == Contact.id, DutyShift.starts_at <= at, DutyShift.ends_at > at
    )
    of_units = Contact.unit_id.in_([unit.id for unit in units.values() if unit is not None])
    asked = [query.exists() for query in (of_his, here, here.where(GridMember.leader), on_duty)]
    query = select(Contact, *asked).where(Contact.active, or_(of_units, here.exists()))
    return [_Person(*row) for row in await session.execute(query.order_by(Contact.code))]


def _called_as(role: BridgeRole, unit: Unit | None, known: Sequence[_Person]) -> list[Contact]:
    """Who may be called as this role; a grid's workers before its 网格长."""
    called_as, unit_id = CALLED_AS[role], unit.id if unit is not None else -1
    own = [one for one in known if one.row.unit_id == unit_id]
    if role is not BridgeRole.GRID_WORKER:
        return [one.row for one in own if one.row.role in (called_as, ContactRole.DEPUTY)]
    of_town = {one.row.id for one in own if one.row.role is called_as and not one.in_grid}
    found = [one for one in known if one.here or one.row.id in of_town]
    # The place's own grid first; the township's own workers stand in for every grid of it
    return [one.row for one in sorted(found, key=lambda one: (not one.here, one.leads))]


async def _numbers(
    session: AsyncSession, units: Sequence[Unit | None], people: Sequence[Contact]
) -> list[PhoneNumber]:
    owners = or_(
        PhoneNumber.unit_id.in_([unit.id for unit in units if unit is not None]),
        PhoneNumber.contact_id.in_([person.id for person in people]),
    )
    return list(await session.scalars(select(PhoneNumber).where(owners).order_by(PhoneNumber.id)))


async def is_day(session: AsyncSession, at: dt.datetime) -> bool:
    """Whether the day's duty phone is in force: policies `duty_day_from` and `duty_day_until`."""
    rows = await session.scalars(select(Policy).where(Policy.key.in_(DUTY_DAY)))
    given = {row.key: row.value for row in rows}
    begin, end = (dt.time.fromisoformat(given.get(key, default)) for key, default in DUTY_DAY.items())
    return begin <= at.astimezone(SHANGHAI).time() < end
