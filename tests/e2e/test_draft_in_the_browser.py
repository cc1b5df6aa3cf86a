"""The draft grows on the operator's screen while the caller speaks, and the operator's word always wins.

There is no Chinese model where this runs: settled lines are put where the recogniser puts them (row and log
entry in one transaction); everything from there on is the real server and the real page.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core.clock import SystemClock
from core.vocabulary import Speaker, TicketStatus
from db.models import Account, AuditEntry, DraftCorrection, Ticket
from ops.phone import ScriptedPhone
from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.screen_checks import SIZES
from tests.e2e.speech import Speech, run
from tests.e2e.test_seat_in_the_browser import begin_duty, leave, shoot


@pytest.fixture
def talking(page: Page, hotline: Hotline) -> Any:
    begin_duty(page, hotline, "op01", 1)
    with ScriptedPhone.citizen(hotline.settings, "13812345678") as caller:
        caller.call("56564444")
        expect(page.get_by_test_id("answer")).to_be_enabled()
        page.keyboard.press("F1")
        expect(page.get_by_test_id("state-word")).to_contain_text("通话中")
        expect(page.get_by_test_id("ticket-number")).not_to_be_empty()
        call_id = hotline.sign_in("leader").seat(1)["call_id"]
        yield Speech(hotline, call_id)
        page.keyboard.press("F8")
        caller.wait_ended()
    leave(page)


def chosen(page: Page, name: str) -> str:
    """The words of the chosen option."""
    return str(page.locator(f"#ticket [name={name}] option:checked").inner_text())


def test_fields_fill_are_corrected_and_stay_corrected(page: Page, hotline: Hotline, talking: Speech) -> None:
    form = page.get_by_test_id("ticket-form")
    talking.say("您好 请问有什么可以帮您", Speaker.SEAT)
    talking.say("我是草堂镇石马村三组的 昨天晚上下大雨 把村里的公路冲垮了两段 车子过不了")
    wait_for("the town", lambda: chosen(page, "town_code") == "草堂镇")
    wait_for("the village", lambda: chosen(page, "village_id") == "石马村")
    expect(page.get_by_test_id("draft-town")).to_contain_text("草堂镇")
    expect(form.locator("[name=content]")).to_have_value(
        "我是草堂镇石马村三组的 昨天晚上下大雨 把村里的公路冲垮了两段 车子过不了"
    )
    shoot(page, "draft-filling")
    form.locator("[name=address]").fill("花林坪")
    form.locator("[name=happened]").fill("前天夜里")
    talking.say("不对不对 我说错了 是白帝镇的")
    wait_for("the caller's own correction", lambda: chosen(page, "town_code") == "白帝镇")
    expect(form.locator("[name=address]")).to_have_value("花林坪")
    expect(form.locator("[name=happened]")).to_have_value("前天夜里")
    form.locator("[name=town_code]").select_option(label="草堂镇")
    talking.say("我的电话是幺三九零零零零幺幺幺幺")
    expect(form.locator("[name=contact_number]")).to_have_value("13900001111")
    assert chosen(page, "town_code") == "草堂镇"
    page.keyboard.press("Alt+c")
    shoot(page, "draft-accepted")
    expect(page.locator("#ticket-saved")).to_have_text("已保存")
    form.locator("[name=caller_name]").fill("王大山")
    page.keyboard.press("Alt+t")
    expect(page.locator("#ticket-status")).to_contain_text("待派单")
    lesson = wait_for("the lesson", lambda: run(hotline, newest_lesson))
    assert lesson.decided["town"] == "草堂镇"
    assert lesson.drafted["town"] == "白帝镇"
    assert "幺三九" not in str(lesson.turns)


def test_what_somebody_set_elsewhere_is_no_blank(page: Page, hotline: Hotline, talking: Speech) -> None:
    """The next operator's page, or another computer, knows nothing of what was typed; it stays as it is."""
    talking.say("我屋头好大一股煤气味道 漏气了 老人家头昏得很 站都站不稳")
    wait_for("特急", lambda: chosen(page, "urgency") == "特急")
    page.get_by_test_id("ticket-form").locator("[name=urgency]").select_option(label="一般")
    expect(page.locator("#ticket-saved")).to_have_text("已保存")
    page.evaluate("sessionStorage.clear()")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.get_by_test_id("mute")).to_be_enabled(timeout=30_000)
    talking.say("我住在竹园镇")
    wait_for("what is new", lambda: chosen(page, "town_code") == "竹园镇")
    assert chosen(page, "urgency") == "一般"


async def newest_lesson(session: Any) -> DraftCorrection | None:
    found: DraftCorrection | None = await session.scalar(
        select(DraftCorrection).order_by(DraftCorrection.id.desc())
    )
    return found


@contextmanager
def nobody_listens(hotline: Hotline) -> Iterator[None]:
    """The recognisers stand still, as on a machine that has run out of breath."""
    workers = [one for one in hotline.supervisor.children if one.name.startswith("transcription")]
    for worker in workers:
        assert worker.process is not None
        worker.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            if worker.process is not None:
                worker.process.send_signal(signal.SIGCONT)


def test_a_call_that_nobody_writes_down_says_so_until_words_come(
    page: Page, hotline: Hotline, talking: Speech
) -> None:
    deaf, draft = page.get_by_test_id("words-deaf"), page.get_by_test_id("draft-deaf")
    with nobody_listens(hotline):
        expect(deaf).to_contain_text("录音照常进行", timeout=30_000)
        expect(draft).to_contain_text("已停止听写")
        shoot(page, "words-deaf")
        leader = hotline.sign_in("leader")
        call_id = leader.seat(1)["call_id"]
        assert leader.get(f"/api/calls/{call_id}/transcript")["deaf"], "whoever looks later is told as well"
        assert list(hotline.settings.recordings_dir.rglob(f"*{call_id}*")), "the sound is being kept"
        talking.say("我是草堂镇石马村的 停水了")
        expect(page.get_by_test_id("draft-town")).to_contain_text("草堂镇")
        expect(deaf).to_be_hidden()
        expect(draft).to_have_count(0)


def test_long_words_that_a_field_came_from_stay_within_their_panel(
    page: Page, hotline: Hotline, talking: Speech
) -> None:
    talking.say("我妈妈早上七点钟出门到坡上去捡柴现在天都黑尽了屋头灯都没亮我们找了几面坡都没得人应声")
    expect(page.locator(".evidence").first).to_be_visible()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        panel = page.get_by_test_id("draft-rows").bounding_box()
        shoot(page, f"draft-long-words-{width}")
        for one in page.locator(".evidence").all():
            box = one.bounding_box()
            assert panel is not None
            assert box is not None
            assert box["x"] + box["width"] <= panel["x"] + panel["width"] + 1, one.inner_text()


def test_an_alarm_names_its_words_and_ignoring_it_is_written_down(
    page: Page, hotline: Hotline, talking: Speech
) -> None:
    talking.say("是不是漏气了", Speaker.SEAT)
    talking.say("我屋头好大一股煤气味道 漏气了 老人家头昏得很 站都站不稳")
    expect(page.get_by_test_id("alarm")).to_be_visible()
    expect(page.get_by_test_id("bridge-press")).to_be_enabled()
    shoot(page, "alarm")
    page.keyboard.press("Alt+i")
    expect(page.get_by_test_id("alarm")).to_have_count(0)
    wait_for("the audit", lambda: len(run(hotline, ignored)) == 1)


def test_each_danger_is_put_aside_by_itself(page: Page, hotline: Hotline, talking: Speech) -> None:
    before = len(run(hotline, ignored))
    alarm = page.get_by_test_id("alarm")
    talking.say("我们这里有人晕倒了 昏迷不醒")
    expect(alarm).to_be_visible()
    words = alarm.inner_text()
    talking.say("快点来 隔壁屋头起火了 人还在里头")
    expect(page.get_by_test_id("draft-rows")).to_be_visible()
    expect(page.locator("#ticket [name=content]")).to_have_value(re.compile("起火了"))
    page.keyboard.press("Alt+i")
    expect(alarm).to_contain_text("起火")
    assert alarm.inner_text() != words, "said while the first banner stood"
    page.keyboard.press("Alt+i")
    expect(alarm).to_have_count(0)
    talking.say("我想问你们几点下班")
    expect(page.locator("#ticket [name=content]")).to_have_value(re.compile("几点下班"))
    expect(alarm).to_have_count(0)
    talking.say("有人要跳楼 站在楼顶上")
    expect(alarm).to_contain_text("跳楼")
    expect(page.get_by_test_id("bridge-press")).to_be_enabled()
    shoot(page, "alarm-again")
    assert len(run(hotline, ignored)) == before + 2


async def ignored(session: Any) -> list[int]:
    found = await session.scalars(select(AuditEntry.id).where(AuditEntry.act == "alarm_ignored"))
    return list(found)


def test_a_file_of_the_same_matter_takes_this_one_in(page: Page, hotline: Hotline, talking: Speech) -> None:
    number, parent = run(hotline, older_file)
    talking.say("草堂镇石马村从早上起就停水了 一滴水都没得 全村人都在沟里头挑水")
    expect(page.get_by_test_id(f"join-{number}")).to_be_enabled()
    expect(page.get_by_test_id("draft-similar")).to_contain_text("同一来电人")
    # A colleague's file is named and not linked: his door would refuse
    expect(page.get_by_test_id("draft-similar")).to_contain_text("26112399000")
    expect(page.get_by_test_id("draft-similar")).to_contain_text("经办 王芳")
    links = page.get_by_test_id("draft-similar").get_by_role("link")
    expect(links.filter(has_text=number)).to_have_count(1)
    expect(links.filter(has_text="26112399000")).to_have_count(0)
    page.get_by_test_id("draft-similar").scroll_into_view_if_needed()
    shoot(page, "draft-similar")
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog"):  # answered before the next one may be
        page.keyboard.press("Alt+u")
    expect(page.locator("#ticket-status")).to_contain_text("草稿")
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Alt+u")
    expect(page.locator("#ticket-status")).to_contain_text("已合并")
    expect(page.get_by_test_id(f"join-{number}")).to_be_disabled()
    tab = page.context.new_page()
    tab.goto(f"{hotline.url}/tickets/{parent}")
    expect(tab.get_by_test_id("joined")).to_contain_text("1 件并入")
    shoot(tab, "ticket-joined")
    tab.close()


async def older_file(session: Any) -> tuple[str, int]:
    now = SystemClock().now()
    ticket = Ticket(
        number="26112399001",
        status=TicketStatus.PENDING_ACCEPT,
        caller_number="13812345678",
        title="石马村停水",
        content="草堂镇石马村从早上起就停水了，一滴水都没得，全村人都在沟里头挑水",
        created_at=now,
        updated_at=now,
    )
    colleague = await session.scalar(select(Account.id).where(Account.login == "op02"))
    theirs = Ticket(
        number="26112399000",
        status=TicketStatus.DRAFT,
        operator_id=colleague,
        caller_number="13812345678",
        title="石马村没水",
        content=ticket.content,
        created_at=now,
        updated_at=now,
    )
    session.add_all([theirs, ticket])
    await session.flush()
    return ticket.number, ticket.id
