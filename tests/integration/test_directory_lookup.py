"""Who is called, on a real database with the rows that set-up loads."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from api import emergency_roles
from core.clock import SHANGHAI
from core.vocabulary import BridgeRole, NumberKind
from db.directory_data import load_directory
from db.directory_forms import Form, RuleForm, ShiftForm, UnitForm, read
from db.models import BridgeRule, Contact, PhoneNumber, Unit, Village
from db.repositories import directory, emergencies
from db.repositories.directory import Matter
from db.repositories.directory_index import load_index
from db.repositories.directory_rows import save
from db.session import make_engine, make_sessions, transaction
from tests.fakes.postgres_server import Rows

NOON = dt.datetime(2026, 11, 24, 12, 0, tzinfo=SHANGHAI)
NIGHT = dt.datetime(2026, 11, 24, 23, 0, tzinfo=SHANGHAI)
CAOTANG = "500236118"


@pytest.fixture
async def session(tmp_path, schema_of) -> AsyncIterator[AsyncSession]:
    shutil.copy(await asyncio.to_thread(schema_of, "sqlite", Rows.DEMO), tmp_path / "t.db")
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/t.db")
    async with transaction(make_sessions(engine)) as opened:
        yield opened
    await engine.dispose()


async def write(session: AsyncSession, form: type[Form], **values: object) -> None:
    found = read(form, values)
    assert isinstance(found, Form), found
    await save(session, await load_index(session), found)


async def verify(session: AsyncSession, *, besides: str = "") -> None:
    for number in await session.scalars(select(PhoneNumber)):
        number.verified_at = None if number.number == besides else NOON
    await session.flush()


async def numbers(session: AsyncSession, role: BridgeRole, category: str, at: dt.datetime) -> list[str]:
    village = await session.scalar(select(Village.id).where(Village.name == "石马村"))
    return [n for _, n in await directory.numbers_for(session, role, category, CAOTANG, village, at)]


async def test_reloading_the_reference_rows_changes_nothing(session: AsyncSession) -> None:
    async def counted() -> list[int]:
        return [
            len(list(await session.scalars(select(model))))
            for model in (Unit, Contact, PhoneNumber, BridgeRule)
        ]

    before = await counted()
    await load_directory(session, demo=True)
    assert await counted() == before
    assert before[0] == 100
    towns = list(await session.scalars(select(Unit).where(Unit.town_code.is_not(None))))
    assert len(towns) == 33


async def test_the_unit_on_duty_by_day_and_by_night(session: AsyncSession) -> None:
    phones = {"duty_day": "56561111", "duty_night": "56562222"}
    await write(session, UnitForm, code="GS", name="奉节自来水公司", kind="公共服务", **phones)
    await verify(session)
    tail = ["13800100021", "13800100022", "13800100023"]  # duty phone, mobile, deputy of the demo people
    unit = BridgeRole.HANDLING_UNIT
    assert await numbers(session, unit, "0101", NOON) == ["56561111", "56562222", *tail]
    assert await numbers(session, unit, "0101", NIGHT) == ["56562222", "56561111", *tail]


async def test_the_roster_comes_first_and_only_while_its_shift_lasts(session: AsyncSession) -> None:
    await verify(session)
    await write(
        session, ShiftForm, contact_code="P905", starts_at="2026-11-24 08:30", ends_at="2026-11-24 20:30"
    )
    on = await numbers(session, BridgeRole.HANDLING_UNIT, "0101", NOON)
    off = await numbers(session, BridgeRole.HANDLING_UNIT, "0101", NIGHT)
    edge = dt.datetime(2026, 11, 24, 20, 30, tzinfo=SHANGHAI)
    assert on == ["13800100023", "13800100021", "13800100022"]
    assert off == ["13800100021", "13800100022", "13800100023"]
    assert await numbers(session, BridgeRole.HANDLING_UNIT, "0101", edge) == off


async def test_numbers_that_nobody_confirmed_come_last_and_say_so(session: AsyncSession) -> None:
    await verify(session, besides="13800100021")
    found = await directory.numbers_for(session, BridgeRole.HANDLING_UNIT, "0101", CAOTANG, None, NOON)
    assert found == [
        ("抢修班长 周抢修 手机", "13800100022"),
        ("副经理 吴经理 手机", "13800100023"),
        ("抢修班长 周抢修 值班电话（未拨测）", "13800100021"),
    ]


async def test_a_village_finds_its_grid_workers_then_its_leader_then_the_township(
    session: AsyncSession,
) -> None:
    place = {"kind": "乡镇街道", "town": "草堂镇", "duty_day": "56563333"}
    await write(session, UnitForm, code="T118", name="奉节县草堂镇人民政府", **place)
    await verify(session)
    found = await numbers(session, BridgeRole.GRID_WORKER, "0101", NOON)
    assert found == ["13800100014", "13800100015", "13800100013", "56563333"]
    people = list(await session.scalars(select(Contact).where(Contact.code == "P052")))
    people[0].active = False
    await session.flush()
    assert await numbers(session, BridgeRole.GRID_WORKER, "0101", NOON) == found[1:]


async def test_a_matter_without_its_own_rule_goes_to_the_township(session: AsyncSession) -> None:
    found = await directory.candidates(session, BridgeRole.HANDLING_UNIT, Matter("", CAOTANG), NOON)
    assert [f"{one.name} {one.label}" for one in found] == [
        "值班干部 刘值班 值班电话（未拨测）",
        "值班干部 刘值班 手机（未拨测）",
    ]
    assert await directory.numbers_for(session, BridgeRole.HANDLING_UNIT, "", None, None, NOON) == []


async def test_a_rule_of_the_village_wins_over_the_county_s(session: AsyncSession) -> None:
    await write(
        session, RuleForm, category_prefix="0101", village="石马村", role="承办单位", unit_code="T118"
    )
    assert await numbers(session, BridgeRole.HANDLING_UNIT, "0101", NOON) == ["13800100028", "13800100029"]


async def test_fire_brings_119_and_a_citizen_is_never_looked_up(session: AsyncSession) -> None:
    roles = await directory.roles_for(session, "1003", CAOTANG, None)
    assert list(roles) == [
        BridgeRole.GRID_WORKER,
        BridgeRole.INTERNET_OFFICE,
        BridgeRole.HANDLING_UNIT,
        BridgeRole.EMERGENCY,
    ]
    found = await directory.candidates(session, BridgeRole.EMERGENCY, Matter("1003"), NIGHT)
    assert [(one.digits, one.verified) for one in found] == [("119", True)]
    assert await directory.candidates(session, BridgeRole.CITIZEN, Matter("1003"), NOON) == []
    assert BridgeRole.EMERGENCY not in await directory.roles_for(session, "0101", CAOTANG, None)


async def test_the_service_that_a_rule_means_is_the_party_of_that_service(session: AsyncSession) -> None:
    fire, other = Matter("1003"), Matter("0101")
    assert await emergency_roles.named(session, ["emergency", "grid_worker"], fire) == [
        "grid_worker",
        "emergency-119",
    ]
    assert await emergency_roles.named(session, ["emergency", "emergency-119"], fire) == ["emergency-119"]
    assert await emergency_roles.named(session, ["emergency"], other) == ["emergency"]
    found = await emergencies.numbers(session, ["119", "120"])
    ids = {service: lines[0].number_id for service, lines in found.items()}
    assert {service: await emergency_roles.of_number(session, one) for service, one in ids.items()} == {
        "119": "emergency-119",
        "120": "emergency-120",
    }
    (worker, *_) = await directory.candidates(session, BridgeRole.INTERNET_OFFICE, other, NOON)
    assert await emergency_roles.of_number(session, worker.number_id) is None


async def test_the_same_number_of_two_people_rings_once(session: AsyncSession) -> None:
    for person in list(
        await session.scalars(select(PhoneNumber).where(PhoneNumber.kind == NumberKind.MOBILE))
    ):
        person.number = "13900000000"
    await session.flush()
    found = await numbers(session, BridgeRole.GRID_WORKER, "", NOON)
    assert found == ["13900000000"]


rules = st.builds(
    BridgeRule,
    id=st.integers(1, 99),
    category_prefix=st.sampled_from(["", "01", "0101", "02"]),
    town_code=st.sampled_from([None, "t1", "t2"]),
    village_id=st.sampled_from([None, 1, 2]),
    role=st.sampled_from(list(BridgeRole)),
)


@given(
    st.lists(rules, max_size=12), st.sampled_from(["", "0101", "0102", "0201"]), st.sampled_from([None, "t1"])
)
def test_no_rule_that_fits_is_more_special_than_the_one_chosen(
    given_rules: list[BridgeRule], category: str, town: str | None
) -> None:
    chosen = directory.best_rules(given_rules, category, town, 1)

    def fits(rule: BridgeRule) -> bool:
        return (
            category.startswith(rule.category_prefix)
            and (rule.town_code is None or rule.town_code == town)
            and rule.village_id != 2
        )

    assert set(chosen) == {rule.role for rule in given_rules if fits(rule)}
    for role, rule in chosen.items():
        assert fits(rule)
        rivals = [one for one in given_rules if one.role is role and fits(one)]
        assert len(rule.category_prefix) == max(len(one.category_prefix) for one in rivals)
