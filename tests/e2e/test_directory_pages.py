"""The directory and the grid worker's page in a real browser, over a whole hotline."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from tests.e2e.hotline import Hotline

SHOTS = Path(__file__).resolve().parents[2] / "var" / "screenshots"


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def enter(page: Page, hotline: Hotline, login: str, place: str) -> None:
    page.goto("/login")
    form = page.get_by_test_id("login-form")
    form.locator("input[name=login]").fill(login)
    form.locator("input[name=password]").fill(hotline.password)
    form.locator("button[type=submit]").click()
    page.wait_for_url(lambda url: not url.endswith("/login"))
    page.goto(place)
    expect(page.get_by_test_id("page-loading")).to_be_hidden()


def tab(page: Page, kind: str) -> None:
    page.get_by_test_id(f"tab-{kind}").click()
    expect(page.get_by_test_id(f"tab-{kind}")).to_have_attribute("aria-selected", "true")


@pytest.fixture
def no_errors(page: Page) -> Page:
    """A page that must not throw."""
    page.on("pageerror", lambda error: pytest.fail(f"the page threw: {error}"))
    return page


def test_a_unit_is_added_by_keyboard_found_and_tested_by_hand(no_errors: Page, hotline: Hotline) -> None:
    page = no_errors
    enter(page, hotline, "head", "/directory")
    expect(page.get_by_test_id("row-units").first).to_be_visible()
    shoot(page, "directory-units")
    page.keyboard.press("Alt+n")
    expect(page.locator("#edit-form input").first).to_be_focused()
    page.keyboard.type("SC1")
    page.keyboard.press("Tab")
    page.keyboard.type("奉节第二水厂")
    page.locator("#edit-form [name=kind]").select_option("公共服务")
    page.locator("#edit-form [name=duty_day]").fill("2356560000")
    page.locator("#edit-form [name=duty_day]").press("Enter")
    expect(page.locator("#edit-problem")).to_contain_text("丢了区号前的 0")
    expect(page.locator("#edit-form [name=duty_day]")).to_be_focused()
    shoot(page, "directory-edit")
    page.locator("#edit-form [name=duty_day]").fill("02356560000")
    page.keyboard.press("Enter")
    expect(page.locator("#edit")).to_be_hidden()
    page.locator("#filter [name=q]").fill("第二水厂")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("row-units")).to_have_count(1)
    number = page.get_by_test_id("row-units").get_by_test_id("number")
    expect(number).to_contain_text("023****0000")
    number.click()
    page.locator("#reveal-form [name=reason]").fill("核对号码")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("number-full")).to_have_text("023 5656 0000")
    page.locator("#outcome-form [name=note]").fill("值班员接听，单位无误")
    page.keyboard.press("Enter")
    expect(page.locator("#number-facts")).to_contain_text("核实")
    shoot(page, "directory-number")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("row-units").get_by_test_id("number")).to_have_class("ok")


def test_what_was_typed_is_not_lost_by_escape(no_errors: Page, hotline: Hotline) -> None:
    page = no_errors
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    enter(page, hotline, "head", "/directory")
    page.get_by_test_id("new").click()
    page.locator("#edit-form [name=name]").fill("还没有写完")
    with page.expect_event("dialog"):
        page.keyboard.press("Escape")
    expect(page.locator("#edit")).to_be_visible()
    assert asked == ["刚才填写的内容还没有保存，要放弃吗？"]


def test_whoever_belongs_to_a_unit_out_of_use_still_does_after_a_save(
    no_errors: Page, hotline: Hotline
) -> None:
    page = no_errors
    enter(page, hotline, "head", "/directory")
    for kind, row in (
        ("units", {"code": "TY1", "name": "停用测试所", "kind": "部门", "active": True}),
        (
            "units",
            {"code": "TY2", "name": "停用测试站", "kind": "部门", "parent_code": "TY1", "active": True},
        ),
        ("rules", {"category_prefix": "0107", "role": "handling_unit", "unit_code": "TY1"}),
    ):
        order(page, "POST", f"/api/v1/directory/{kind}", row)
    unit = page.request.get(f"{hotline.url}/api/v1/directory/units?q=TY1").json()["rows"][0]["id"]
    off = {"code": "TY1", "name": "停用测试所", "kind": "部门", "active": False}
    order(page, "PUT", f"/api/v1/directory/units/{unit}", off)
    page.reload()
    for kind, named, field, typed in (
        ("rules", "停用测试所", "source", "县局来函"),
        ("units", "停用测试站", "duty_day", "02356560009"),
    ):
        tab(page, kind)
        page.locator("#filter [name=q]").fill("TY2" if kind == "units" else "停用测试所")
        page.keyboard.press("Enter")
        row = page.get_by_test_id(f"row-{kind}").filter(has_text=named)
        row.locator("a").first.click()
        own = page.locator("#edit-form").locator("[name=unit_code], [name=parent_code]")
        expect(own.locator("option:checked")).to_have_text("停用测试所（TY1，停用）")
        shoot(page, f"directory-{kind}-out-of-use")
        page.locator(f"#edit-form [name={field}]").fill(typed)
        page.keyboard.press("Enter")
        expect(page.locator("#edit")).to_be_hidden()
        expect(row).to_contain_text("停用测试所" if kind == "rules" else "TY1")
    page.get_by_test_id("new").click()
    expect(page.locator("#edit-form [name=parent_code]")).not_to_contain_text("停用测试所")


def order(page: Page, method: str, path: str, body: dict[str, object]) -> None:
    """As the page's own dialog sends it."""
    script = """async ([method, path, body]) => (await fetch(path, {
        method, body: JSON.stringify(body), headers: {"Content-Type": "application/json",
        "X-CSRF-Token": document.querySelector("meta[name=csrf]").content}})).status"""
    assert page.evaluate(script, [method, path, body]) == 200


def test_every_tab_shows_rows_and_the_rules_say_who_would_be_called(
    no_errors: Page, hotline: Hotline
) -> None:
    page = no_errors
    enter(page, hotline, "head", "/directory")
    for kind in ("contacts", "grids", "rules"):
        tab(page, kind)
        expect(page.get_by_test_id(f"row-{kind}").first).to_be_visible()
        shoot(page, f"directory-{kind}")
    tab(page, "shifts")
    expect(page.locator("#empty")).to_be_visible()
    tab(page, "who")
    page.locator("#who [name=category]").select_option("0101")
    page.locator("#who [name=town]").select_option(label="草堂镇")
    page.locator("#who [name=village]").select_option(label="石马村")
    page.get_by_test_id("who-ask").click()
    expect(page.get_by_test_id("who-grid_worker").locator("li")).to_have_count(3)
    expect(page.get_by_test_id("who-handling_unit")).to_contain_text("周抢修")
    shoot(page, "directory-who")


def test_a_word_of_the_county_is_added_and_a_sentence_tried(no_errors: Page, hotline: Hotline) -> None:
    page = no_errors
    enter(page, hotline, "head", "/directory")
    tab(page, "words")
    expect(page.locator("#words-empty")).to_be_visible()
    page.get_by_test_id("word-text").fill("水龙吼")
    page.get_by_test_id("word-meaning").select_option(label="水电气路险情")
    page.locator("#word-form [name=source]").fill("石马村来电")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("row-words").locator("td").first).to_have_text("水龙吼")
    page.get_by_test_id("word-text").fill("着火!")
    page.keyboard.press("Enter")
    expect(page.locator("#words-problem")).to_contain_text("2 到 20 个汉字")
    shoot(page, "directory-words")
    tab(page, "who")
    page.get_by_test_id("try-text").fill("草堂镇石马村三组这里水龙吼了，水管子到处喷")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("try-alarm")).to_contain_text("会弹出险情提示")
    expect(page.get_by_test_id("try-answer")).to_contain_text("“水龙吼”")
    expect(page.get_by_test_id("try-answer")).to_contain_text("石马村")
    expect(page.get_by_test_id("who-internet_office").locator("li").first).to_be_visible()
    shoot(page, "directory-try")
    tab(page, "words")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_test_id("row-words").get_by_role("button").click()
    expect(page.get_by_test_id("row-words")).to_have_count(0)


def test_an_operator_reads_and_finds_nothing_to_press(no_errors: Page, hotline: Hotline) -> None:
    page = no_errors
    enter(page, hotline, "op04", "/directory")
    expect(page.get_by_test_id("row-units").first).to_be_visible()
    expect(page.get_by_test_id("new")).to_have_count(0)
    expect(page.get_by_test_id("import")).to_have_count(0)


def test_an_excel_file_is_checked_row_by_row_then_imported_whole(
    no_errors: Page, hotline: Hotline, tmp_path: Path
) -> None:
    page = no_errors
    headings = ["编号", "姓名", "角色", "单位编码", "手机"]
    wrong, right = tmp_path / "wrong.xlsx", tmp_path / "right.xlsx"
    for file, unit in ((wrong, "NOPE"), (right, "GS")):
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "人员"
        for line in (
            headings,
            ["X1", "甲某", "单位值班", "GS", 13800200001],
            ["X2", "乙某", "单位值班", unit],
        ):
            sheet.append(line)
        book.save(file)
    enter(page, hotline, "head", "/directory")
    page.keyboard.press("Alt+i")
    page.get_by_test_id("import-file").set_input_files(wrong)
    expect(page.get_by_test_id("import-errors").locator("tr")).to_have_count(1)
    expect(page.get_by_test_id("import-errors")).to_contain_text("D 单位编码")
    expect(page.get_by_test_id("import-apply")).to_be_disabled()
    shoot(page, "directory-import-errors")
    the_next_choice_is_a_change_and_a_broken_network_is_said(page, right)
    page.get_by_test_id("import-file").set_input_files(right)
    expect(page.get_by_test_id("import-summary")).to_contain_text("检查通过，将写入：人员 2 行")
    page.get_by_test_id("import-apply").click()
    expect(page.get_by_test_id("import-summary")).to_contain_text("已导入：人员 2 行")
    page.keyboard.press("Escape")
    tab(page, "contacts")
    page.locator("#filter [name=q]").fill("X2")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("row-contacts")).to_have_count(1)


def the_next_choice_is_a_change_and_a_broken_network_is_said(page: Page, file: Path) -> None:
    """A corrected file has the same name: only an empty field sees it chosen."""
    expect(page.get_by_test_id("import-file")).to_have_value("")
    expect(page.get_by_test_id("import-summary")).to_contain_text("wrong.xlsx：有 1 处错误")
    page.route("**/api/v1/directory/import?*", lambda route: route.abort())
    page.get_by_test_id("import-file").set_input_files(file)
    expect(page.locator("#import-problem")).to_have_text("网络中断，没有送达；电话仍可接听")
    page.unroute("**/api/v1/directory/import?*")


def test_an_administrator_makes_a_key_that_is_shown_once(no_errors: Page, hotline: Hotline) -> None:
    page = no_errors
    enter(page, hotline, "head", "/directory")
    expect(page.get_by_test_id("tab-keys")).to_have_count(0)
    page.context.clear_cookies()
    enter(page, hotline, "admin", "/directory")
    tab(page, "keys")
    page.locator("#key-form [name=name]").fill("应急指挥平台")
    page.get_by_test_id("key-make").click()
    expect(page.get_by_test_id("key-text")).to_contain_text("ms_")
    key = page.get_by_test_id("key-text").inner_text()
    expect(page.get_by_test_id("row-keys")).to_contain_text("从未使用")
    shoot(page, "directory-keys")
    bearer = page.request.get(f"{hotline.url}/api/v1/bridges", headers={"X-API-Key": key})
    assert bearer.status == 200
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_test_id("row-keys").get_by_role("button").click()
    expect(page.get_by_test_id("row-keys").get_by_role("button")).to_have_count(0)  # it says 停用 too
    expect(page.get_by_test_id("row-keys")).to_contain_text("停用")
    assert page.request.get(f"{hotline.url}/api/v1/bridges", headers={"X-API-Key": key}).status == 401


def test_a_grid_worker_s_telephone_shows_one_red_button_and_takes_a_report(
    no_errors: Page, hotline: Hotline
) -> None:
    page = no_errors
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, hotline, "grid01", "/")
    page.wait_for_url("**/grid")
    button = page.get_by_test_id("press")
    expect(button).to_be_enabled()
    expect(page.locator("#matter [name=village] option:checked")).to_have_text("石马村")
    box = button.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 740
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    shoot(page, "grid")
    page.locator("#report-part summary").click()
    page.locator("#report [name=content]").fill("3组观音岩公路垮塌十米")
    page.get_by_test_id("report-send").click()
    expect(page.get_by_test_id("report-said")).to_contain_text("已上报，编号")
    shoot(page, "grid-report")
    found = hotline.sign_in("leader").get("/api/tickets?q=观音岩")["tickets"]
    assert [(one["status"], one["channel"]) for one in found] == [("pending_accept", "grid")]
    for place in ("/seat", "/directory", "/tickets"):
        assert page.goto(place).status == 403
