"""The directory over HTTP: who may look and edit, what a test call changes, an import whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from core.vocabulary import ProbeOutcome
from db.models import ApiKey, Contact, PhoneNumber, Unit
from db.session import reading
from tests.fakes.postgres_server import Rows
from tests.fakes.web_house import WebHouse

API = "/api/v1/directory"
WATER = {"code": "GS", "name": "奉节自来水公司", "kind": "公共服务", "duty_day": "02356561111"}
PERSON = {"code": "P1", "name": "李某", "role": "单位值班", "unit_code": "GS", "mobile": "13800001111"}


class PressesOne:
    """Obeys the Prober protocol: rings, and reports what the person at the other end did."""

    def __init__(self, outcome: ProbeOutcome) -> None:
        self.outcome = outcome
        self.rung: list[str] = []

    async def ring(self, number: str) -> ProbeOutcome:
        self.rung.append(number)
        return self.outcome


@pytest.fixture
def set_up_rows() -> Rows:
    return Rows.DIRECTORY


@pytest.fixture
async def head(house: WebHouse) -> httpx.AsyncClient:
    return await house.as_("head")


async def rows(browser: httpx.AsyncClient, kind: str, text: str = "") -> list[dict[str, Any]]:
    answer = await browser.get(f"{API}/{kind}", params={"q": text})
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


async def water(head: httpx.AsyncClient) -> dict[str, Any]:
    (row,) = await rows(head, "units", "自来水")
    answer = await head.put(f"{API}/units/{row['id']}", json=WATER)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_operators_look_with_masked_numbers_and_never_edit(
    house: WebHouse, head: httpx.AsyncClient
) -> None:
    row = await water(head)
    operator = await house.as_("op01")
    (seen,) = await rows(operator, "units", "自来水")
    assert [one["masked"] for one in seen["numbers"]] == ["023****1111"]
    assert "02356561111" not in (await operator.get(f"{API}/units")).text
    for login in ("op01", "leader"):
        browser = await house.as_(login)
        for answer in (
            await browser.post(f"{API}/units", json=WATER),
            await browser.put(f"{API}/units/{row['id']}", json=WATER),
            await browser.delete(f"{API}/units/{row['id']}"),
            await browser.get(f"{API}/units/{row['id']}"),
            await browser.post(f"{API}/numbers/{row['numbers'][0]['id']}/test"),
        ):
            assert answer.status_code == 403


async def test_a_full_number_costs_a_reason_that_is_kept(house: WebHouse, head: httpx.AsyncClient) -> None:
    number = (await water(head))["numbers"][0]["id"]
    operator = await house.as_("op01")
    assert (await operator.post(f"{API}/numbers/{number}/reveal", json={"reason": ""})).status_code == 422
    assert await house.looks("directory_number_seen") == []
    answer = await operator.post(f"{API}/numbers/{number}/reveal", json={"reason": "停水抢修"})
    assert answer.json() == {"number": "02356561111"}
    (look,) = await house.looks("directory_number_seen")
    assert (look.reason, look.subject) == ("停水抢修", f"number:{number}")


async def test_an_edit_shows_the_whole_row_and_is_written_down(
    house: WebHouse, head: httpx.AsyncClient
) -> None:
    row = await water(head)
    form = (await head.get(f"{API}/units/{row['id']}")).json()
    assert form["duty_day"] == "02356561111"
    assert [look.subject for look in await house.looks("directory_number_seen")] == [f"units:{row['id']}"]
    assert [look.subject for look in await house.looks("directory_changed")] == [f"units:{row['id']}"]


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({**PERSON, "mobile": "138"}, "mobile", "手机：不是可拨打的"),
        ({**PERSON, "unit_code": "没有"}, "unit_code", "编码为"),
        ({**PERSON, "unit_code": "NONE"}, "unit_code", "没有这个编码的单位"),
        ({**PERSON, "name": ""}, "name", "必填"),
        ({**PERSON, "colour": "red"}, "colour", "没有这一项"),
        ({**PERSON, "login": "nobody"}, "login", "没有这个登录账号"),
    ],
)
async def test_wrong_fields_are_refused_by_name(
    head: httpx.AsyncClient, fields: dict[str, Any], field: str, reason: str
) -> None:
    answer = await head.post(f"{API}/contacts", json=fields)
    assert answer.status_code == 422
    assert (answer.json()["error"]["field"], reason in answer.json()["error"]["message"]) == (field, True)


async def test_characters_that_no_database_keeps_are_dropped(head: httpx.AsyncClient) -> None:
    text = json.dumps({**PERSON, "name": "李\ud800\x00某"})
    answer = await head.post(f"{API}/contacts", content=text, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["name"]) == (200, "李  某")


async def test_a_changed_number_must_be_tested_again(house: WebHouse, head: httpx.AsyncClient) -> None:
    row = await water(head)
    number = row["numbers"][0]["id"]
    prober = house.app.state.prober = PressesOne(ProbeOutcome.NO_KEY)
    heard = (await head.post(f"{API}/numbers/{number}/test")).json()
    assert (heard["outcome"], heard["verified_at"]) == ("接听未确认", None)
    prober.outcome = ProbeOutcome.CONFIRMED
    heard = (await head.post(f"{API}/numbers/{number}/test")).json()
    assert heard["verified_at"] == house.clock.now().isoformat()
    assert prober.rung == ["02356561111"] * 2
    same = (await head.put(f"{API}/units/{row['id']}", json={**WATER, "duty_night": "02356562222"})).json()
    assert [bool(one["verified_at"]) for one in same["numbers"]] == [True, False]
    other = (await head.put(f"{API}/units/{row['id']}", json={**WATER, "duty_day": "02356563333"})).json()
    assert [one["verified_at"] for one in other["numbers"]] == [None]
    assert [look.details["outcome"] for look in await house.looks("number_tested")] == [
        "接听未确认",
        "已确认",
    ]


async def test_without_a_telephone_a_person_s_own_finding_counts(
    house: WebHouse, head: httpx.AsyncClient
) -> None:
    number = (await water(head))["numbers"][0]["id"]
    answer = await head.post(f"{API}/numbers/{number}/test")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "switchboard-unavailable")
    answer = await head.post(f"{API}/numbers/{number}/test")
    assert answer.status_code == 503, "what was never rung is not being rung"
    found = {"outcome": "已确认", "note": "值班员接听，核对单位无误"}
    answer = await head.post(f"{API}/numbers/{number}/outcome", json=found)
    assert answer.json()["verified_at"]
    assert (await house.looks("number_tested"))[0].reason == "人工：值班员接听，核对单位无误"


async def test_emergency_numbers_are_never_rung_to_try_them(house: WebHouse, head: httpx.AsyncClient) -> None:
    prober = house.app.state.prober = PressesOne(ProbeOutcome.CONFIRMED)
    (fire,) = await rows(head, "units", "119 火警")
    answer = await head.post(f"{API}/numbers/{fire['numbers'][0]['id']}/test")
    assert (answer.status_code, prober.rung) == (422, [])


async def test_what_others_refer_to_is_not_deleted(house: WebHouse, head: httpx.AsyncClient) -> None:
    row = await water(head)
    answer = await head.delete(f"{API}/units/{row['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "row-in-use")
    person = (await head.post(f"{API}/contacts", json=PERSON)).json()
    assert (await head.delete(f"{API}/contacts/{person['id']}")).status_code == 200
    assert await rows(head, "contacts", "P1") == []
    async with reading(house.sessions) as session:
        assert (
            list(await session.scalars(select(PhoneNumber).where(PhoneNumber.contact_id.is_not(None)))) == []
        )


async def test_shifts_of_one_person_do_not_overlap(head: httpx.AsyncClient) -> None:
    await water(head)
    await head.post(f"{API}/contacts", json=PERSON)
    shift = {"contact_code": "P1", "starts_at": "2026-11-24 08:30", "ends_at": "2026-11-24 20:30"}
    made = await head.post(f"{API}/shifts", json=shift)
    assert made.json()["starts_at"] == "2026-11-24T00:30:00+00:00"
    over = await head.post(f"{API}/shifts", json={**shift, "ends_at": "2026-11-25 08:30"})
    assert over.json()["error"]["field"] == "starts_at"
    who = {"category": "0101", "at": "2026-11-24 09:00"}
    (role,) = [
        one
        for one in (await head.get(f"{API}/who", params=who)).json()["roles"]
        if one["role"] == "handling_unit"
    ]
    assert [one["masked"] for one in role["numbers"]] == ["138****1111", "023****1111"]


def book(**sheets: list[list[object]]) -> dict[str, Any]:
    made = Workbook()
    made.remove(made.worksheets[0])
    for title, lines in sheets.items():
        page = made.create_sheet(title)
        for line in lines:
            page.append(line)
    out = io.BytesIO()
    made.save(out)
    return {"file": ("d.xlsx", out.getvalue())}


PEOPLE = [["编号", "姓名", "角色", "单位编码", "手机"], ["P1", "李某", "单位值班", "GS", 13800001111]]


async def people(house: WebHouse) -> list[str]:
    async with reading(house.sessions) as session:
        return list(await session.scalars(select(Contact.code).order_by(Contact.code)))


async def test_an_import_is_shown_first_and_kept_only_when_asked(
    house: WebHouse, head: httpx.AsyncClient
) -> None:
    seen = (await head.post(f"{API}/import", files=book(人员=PEOPLE))).json()
    assert (seen["applied"], seen["written"], seen["errors"]) == (False, {"contacts": 1}, [])
    assert await people(house) == []
    kept = (await head.post(f"{API}/import?apply=1", files=book(人员=PEOPLE))).json()
    assert kept["applied"]
    assert await people(house) == ["P1"]
    again = (await head.post(f"{API}/import?apply=1", files=book(人员=PEOPLE))).json()
    assert (again["written"], again["same"]) == ({}, {"contacts": 1})
    assert len(await house.looks("directory_imported")) == 2


async def test_rows_of_one_file_may_refer_to_each_other(house: WebHouse, head: httpx.AsyncClient) -> None:
    person = ["P1", "李某", "网格员", "N2", "M1、G1", "13800001111"]
    micro, grid = ["M1", "微一", "微网格", "G1", "石马村"], ["G1", "一格", "网格", "", "石马村"]
    above, below = ["N1", "上级单位", "部门", "", ""], ["N2", "下级单位", "部门", "N1", "56561111"]
    shift = ["P1", "2026-11-24 08:30", "2026-11-24 20:30"]
    sheets: dict[str, list[list[object]]] = {
        "人员": [["编号", "姓名", "角色", "单位编码", "网格编码", "手机"], person],
        "排班": [["人员编号", "开始时间", "结束时间"], shift],
        "网格": [["编码", "名称", "层级", "上级编码", "村社区"], micro, grid],
        "单位": [["编码", "名称", "类别", "上级编码", "白班值班电话"], above, below],
    }
    report = (await head.post(f"{API}/import?apply=1", files=book(**sheets))).json()
    assert [one["reason"] for one in report["errors"]] == [
        "没有这个编码的网格",
        "没有编码为 M1 的网格",
        "没有这个编号的人员",
    ]
    sheets["网格"].append(sheets["网格"].pop(1))
    report = (await head.post(f"{API}/import?apply=1", files=book(**sheets))).json()
    assert (report["errors"], report["applied"]) == ([], True)
    assert report["written"] == {"units": 2, "grids": 2, "contacts": 1, "shifts": 1}
    (kept,) = await rows(head, "contacts", "P1")
    assert (sorted(kept["grids"]), kept["unit_name"]) == (["G1", "M1"], "下级单位")
    assert [one["masked"] for one in kept["numbers"]] == ["138****1111"]
    (unit,) = await rows(head, "units", "N2")
    assert (unit["parent_code"], len(unit["numbers"])) == ("N1", 1)
    assert [one["contact_code"] for one in await rows(head, "shifts")] == ["P1"]


async def test_one_wrong_row_keeps_all_others_out(house: WebHouse, head: httpx.AsyncClient) -> None:
    units = [["编码", "名称", "类别"], ["NEW", "新单位", "部门"]]
    wrong = [*PEOPLE, ["P2", "王某", "单位值班", "NOPE", ""], ["P3", "张某", "单位值班", "NEW", ""]]
    report = (await head.post(f"{API}/import?apply=1", files=book(人员=wrong, 单位=units))).json()
    assert report["errors"] == [
        {"sheet": "人员", "row": 3, "column": "D 单位编码", "reason": "没有这个编码的单位"}
    ]
    assert not report["applied"]
    assert await people(house) == []
    async with reading(house.sessions) as session:
        assert await session.scalar(select(Unit).where(Unit.code == "NEW")) is None


async def test_a_file_of_another_kind_is_refused_and_the_template_is_one(head: httpx.AsyncClient) -> None:
    answer = await head.post(f"{API}/import", files={"file": ("d.xlsx", b"not a workbook")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad-workbook")
    empty = await head.get(f"{API}/template.xlsx")
    assert "单位" in load_workbook(io.BytesIO(empty.content)).sheetnames


async def test_a_key_is_kept_as_a_hash_and_dies_when_revoked(house: WebHouse) -> None:
    admin = await house.as_("admin")
    made = (await admin.post("/api/v1/api-keys", json={"name": "应急平台", "scopes": ["bridges"]})).json()
    async with reading(house.sessions) as session:
        (row,) = list(await session.scalars(select(ApiKey)))
    assert row.key_hash == hashlib.sha256(made["key"].encode()).hexdigest()
    assert made["key"] not in (await admin.get("/api/v1/api-keys")).text
    outside = await house.browser()
    key = {"X-API-Key": made["key"]}
    assert (await outside.get("/api/v1/bridges", headers=key)).json() == {"bridges": []}
    assert (await outside.get("/api/v1/bridges", headers={"X-API-Key": made["key"] + "x"})).status_code == 401
    await admin.delete(f"/api/v1/api-keys/{made['id']}")
    assert (await outside.get("/api/v1/bridges", headers=key)).status_code == 401
    assert [look.subject for look in await house.looks("api_key_revoked")] == [f"api-key:{made['id']}"]
    head = await house.as_("head")
    assert (await head.get("/api/v1/api-keys")).status_code == 403
