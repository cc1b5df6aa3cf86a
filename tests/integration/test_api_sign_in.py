"""Sign-in: the throttle, the session's life, and what a stranger may not make a browser do."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from api.security import COOKIE
from core.config import Mode, load_settings
from core.errors import NotFound
from db.models import Account, LoginAttempt, Policy, WebSession
from db.reference_data import load_reference
from db.session import reading, transaction
from ops.account_cli import unlock
from tests.fakes.web_house import IDS, PASSWORD, WebHouse

LIMIT, ADDRESS_LIMIT, WINDOW_S = 5, 20, 900


async def sign_in(browser: httpx.AsyncClient, login: str, password: str = PASSWORD, **more: Any) -> int:
    answer = await browser.post("/login", data={"login": login, "password": password}, **more)
    return answer.status_code


async def failures(house: WebHouse) -> int:
    async with reading(house.sessions) as session:
        return await session.scalar(select(func.count()).select_from(LoginAttempt)) or 0


async def test_the_right_password_opens_a_session_that_scripts_and_other_sites_cannot_use(house):
    browser = await house.browser()
    answer = await browser.post("/login", data={"login": " op01 ", "password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    me = (await browser.get("/api/me")).json()
    assert (me["id"], me["role"], me["seat_id"]) == (IDS["op01"], "operator", None)
    assert [(row.account_id, row.address) for row in await house.looks("signed_in")] == [
        (IDS["op01"], "10.0.0.1")
    ]
    async with reading(house.sessions) as session:
        stored = [row.token_hash for row in await session.scalars(select(WebSession))]
    assert browser.cookies[COOKIE] not in stored, "the database alone must open no session"


async def test_a_wrong_password_and_an_unknown_login_are_told_the_same(house):
    browser = await house.browser()
    answers = [
        await browser.post("/login", data={"login": login, "password": "wrong"})
        for login in ("op01", "nobody", "OP01", "")
    ]
    assert {answer.status_code for answer in answers} <= {401, 422}
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert COOKIE not in browser.cookies


async def slowest(house: WebHouse, seconds: int) -> None:
    """Set the longest wait of a login that is tried from everywhere."""
    await house.add(Policy(key="login_slow_s", value=str(seconds), unit="秒", label="", source=""))


async def test_after_five_failures_a_login_is_closed_at_that_address_until_the_window_is_over(house):
    await slowest(house, 0)
    browser, elsewhere = await house.browser(), await house.browser("10.0.0.2")
    assert [await sign_in(browser, "op01", "wrong") for _ in range(LIMIT)] == [401] * LIMIT
    assert await sign_in(browser, "op01") == 429
    assert await sign_in(elsewhere, "op01") == 303, "nobody is locked out of his own desk from another one"
    assert await sign_in(browser, "op01") == 429, "a success elsewhere gives no new tries here"
    assert await sign_in(browser, "op02") == 303, "other people go on"
    house.clock.advance(WINDOW_S - 1)
    assert await sign_in(browser, "op01") == 429
    house.clock.advance(2)
    assert await sign_in(browser, "op01") == 303


async def test_whoever_locks_every_login_from_everywhere_locks_nobody_out(house):
    await slowest(house, 0)
    for n in range(4):
        attacker = await house.browser(f"198.51.100.{n}")
        for login in ("op01", "op02", "leader"):
            for _ in range(LIMIT):
                await sign_in(attacker, login, "wrong")
    for login in ("op01", "op02", "leader"):
        assert await sign_in(await house.browser("10.0.0.1"), login) == 303


async def test_a_login_that_is_tried_from_everywhere_is_answered_late_and_the_others_at_once(house):
    await slowest(house, 3600)
    tried = [LoginAttempt(login="op01", address=f"198.51.100.{n}", at=house.clock.now()) for n in range(20)]
    await house.add(*tried)
    slow = asyncio.create_task(sign_in(await house.browser("10.0.0.1"), "op01"))
    assert await sign_in(await house.browser("10.0.0.2"), "op02") == 303
    assert not slow.done(), "its answer is held back"
    slow.cancel()
    await asyncio.wait([slow])


async def test_addresses_of_one_ipv6_network_are_one_place(house):
    for n in range(1, LIMIT + 1):
        assert await sign_in(await house.browser(f"2001:db8:7::{n}"), "op01", "wrong") == 401
    assert await sign_in(await house.browser("2001:db8:7::ffff"), "op01") == 429


async def test_a_leader_sees_who_is_locked_and_lets_them_try_again(house):
    browser, leader = await house.browser(), await house.as_("leader")
    for _ in range(LIMIT + 1):
        await sign_in(browser, "op01", "wrong")
    for _ in range(LIMIT + 1):
        await sign_in(browser, "my-secret-password", "typed in the wrong field")
    (lock,) = (await leader.get("/api/v1/login-locks")).json()["locks"]
    assert (lock["login"], lock["address"], lock["failures"]) == ("op01", "10.0.0.1", LIMIT)
    assert (await leader.get("/api/supervision")).json()["locks"] == [lock]
    (locked,) = await house.looks("login_locked")
    assert (locked.subject, locked.address) == (f"account:{IDS['op01']}", "10.0.0.1")
    body = {"address": "10.0.0.1", "account_id": IDS["op01"]}
    assert (await (await house.as_("op02")).post("/api/v1/login-locks/release", json=body)).status_code == 403
    assert (await leader.post("/api/v1/login-locks/release", json=body)).json() == {"ok": True}
    assert (await leader.get("/api/v1/login-locks")).json()["locks"] == []
    assert await sign_in(browser, "op01") == 303
    (released,) = await house.looks("login_lock_released")
    assert (released.account_id, released.subject) == (IDS["leader"], f"account:{IDS['op01']}")
    assert released.details == {"released": "10.0.0.1"}


async def test_the_machine_itself_lets_in_whom_nobody_can_help(house, database_url, tmp_path):
    browser, settings = await house.browser(), load_settings(tmp_path / "there", db={"url": database_url})
    for _ in range(LIMIT):
        await sign_in(browser, "admin", "wrong")
    assert await sign_in(browser, "admin") == 429
    assert await asyncio.to_thread(unlock, settings, "admin") == LIMIT
    assert await sign_in(browser, "admin") == 303
    assert [look.details for look in await house.looks("login_lock_released")] == [{"by": "console"}]
    with pytest.raises(NotFound):
        await asyncio.to_thread(unlock, settings, "nobody")


async def test_a_leader_gives_no_new_tries_at_an_administrators_password(house):
    browser, leader, admin = await house.browser(), await house.as_("leader"), await house.as_("admin")
    for _ in range(LIMIT):
        await sign_in(browser, "admin", "wrong")
    body = {"address": "10.0.0.1", "account_id": IDS["admin"]}
    assert (await leader.post("/api/v1/login-locks/release", json=body)).status_code == 403
    assert (await leader.get("/api/v1/login-locks")).json()["locks"][0]["may_release"] is False
    assert (await admin.post("/api/v1/login-locks/release", json=body)).status_code == 200
    assert await sign_in(browser, "admin") == 303


async def test_a_closed_address_is_let_go_as_a_whole(house):
    guesser, leader = await house.browser("10.0.0.9"), await house.as_("leader")
    for n in range(ADDRESS_LIMIT):
        await sign_in(guesser, f"guess{n}", "wrong")
    (lock,) = (await leader.get("/api/v1/login-locks")).json()["locks"]
    assert (lock["address"], lock["login"], lock["failures"]) == ("10.0.0.9", None, ADDRESS_LIMIT)
    answer = await leader.post("/api/v1/login-locks/release", json={"address": "10.0.0.9"})
    assert answer.status_code == 200
    assert await sign_in(guesser, "op01") == 303


async def test_many_logins_tried_from_one_address_close_that_address_only(house):
    guesser, elsewhere = await house.browser("10.0.0.9"), await house.browser("10.0.0.2")
    tried = [await sign_in(guesser, f"guess{n}", "wrong") for n in range(ADDRESS_LIMIT)]
    assert tried == [401] * ADDRESS_LIMIT
    assert await sign_in(guesser, "op01") == 429
    assert await sign_in(elsewhere, "op01") == 303
    house.clock.advance(WINDOW_S + 1)
    assert await sign_in(guesser, "op01") == 303


async def test_a_refused_attempt_does_not_prolong_the_wait(house):
    browser = await house.browser()
    for _ in range(LIMIT):
        await sign_in(browser, "op01", "wrong")
    house.clock.advance(WINDOW_S - 10)
    assert await sign_in(browser, "op01") == 429
    house.clock.advance(11)
    assert await sign_in(browser, "op01") == 303


async def test_success_forgets_earlier_failures_of_that_login(house):
    browser = await house.browser()
    for _ in range(3):
        assert [await sign_in(browser, "op01", "wrong") for _ in range(LIMIT - 1)] == [401] * (LIMIT - 1)
        assert await sign_in(browser, "op01") == 303


async def test_guesses_sent_at_the_same_moment_do_not_slip_through_together(house):
    async with transaction(house.sessions) as session:
        await load_reference(session)
    browser = await house.browser()
    answers = await asyncio.gather(*(sign_in(browser, "op01", f"guess{n}") for n in range(12)))
    assert sorted(answers) == [401] * LIMIT + [429] * (12 - LIMIT)


async def test_what_no_longer_counts_is_not_kept(house):
    browser = await house.browser()
    await sign_in(browser, "op01", "wrong")
    await sign_in(browser, "op02")
    house.clock.advance(14 * 3600)
    await sign_in(browser, "leader")
    assert await failures(house) == 0
    async with reading(house.sessions) as session:
        owners = [row.account_id for row in await session.scalars(select(WebSession))]
    assert owners == [IDS["leader"]]


async def test_a_cookie_planted_before_the_sign_in_is_worth_nothing_after_it(house):
    browser, thief = await house.browser(), await house.browser("10.6.6.6")
    for one in (browser, thief):
        one.cookies.set(COOKIE, "planted", domain="hotline.test")
    assert await sign_in(browser, "op01") == 303
    assert (await thief.get("/api/me")).status_code == 401


async def test_signing_in_again_ends_the_session_before(house):
    browser, copy = await house.browser(), await house.browser()
    await sign_in(browser, "op01")
    copy.cookies.set(COOKIE, browser.cookies[COOKIE], domain="hotline.test")
    assert (await copy.get("/api/me")).status_code == 200
    await sign_in(browser, "op01")
    assert (await copy.get("/api/me")).status_code == 401
    assert (await browser.get("/api/me")).status_code == 200


async def test_logout_ends_the_session_and_not_just_the_cookie(house):
    browser = await house.as_("op01")
    token = browser.cookies[COOKIE]
    answer = await browser.post("/logout")
    assert answer.status_code == 200
    assert 'ms_session=""' in answer.headers["set-cookie"]
    browser.cookies.set(COOKIE, token, domain="hotline.test")
    assert (await browser.get("/api/me")).status_code == 401


async def test_a_session_ends_by_itself_after_a_shift(house):
    browser = await house.as_("op01")
    house.clock.advance(13 * 3600 - 1)
    assert (await browser.get("/api/me")).status_code == 200
    house.clock.advance(1)
    assert (await browser.get("/api/me")).status_code == 401
    assert (await browser.get("/seat", headers={"Accept": "text/html"})).headers["location"] == "/login"


@pytest.mark.parametrize(("field", "value"), [("active", False), ("demo", True)])
async def test_an_account_that_is_closed_or_only_for_the_demo_is_out_at_once(house, field, value):
    inside, outside = await house.as_("op01"), await house.browser()
    async with transaction(house.sessions) as session:
        account = await session.get(Account, IDS["op01"])
        assert account is not None
        setattr(account, field, value)
    assert (await inside.get("/api/me")).status_code == 401
    assert await sign_in(outside, "op01") == 401


@pytest.mark.parametrize("mode", [Mode.DEMO])
async def test_demo_accounts_work_in_demo_mode(house):
    async with transaction(house.sessions) as session:
        account = await session.get(Account, IDS["op01"])
        assert account is not None
        account.demo = True
    assert await sign_in(await house.browser(), "op01") == 303


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 303)])
async def test_another_site_cannot_sign_a_browser_in(house, site, status):
    browser = await house.browser()
    assert await sign_in(browser, "op01", headers={"Sec-Fetch-Site": site}) == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [("http://evil.test", 403), ("null", 403), ("http://hotline.test", 303), ("http://hotline.test:81", 403)],
)
async def test_another_site_is_known_by_its_origin_where_there_is_no_tls(house, origin, status):
    assert await sign_in(await house.browser(), "op01", headers={"Origin": origin}) == status


@pytest.mark.parametrize("odd", ["\x00", "op01\x00", "a" * 41, "'; DELETE FROM accounts; --", "\u202eop01"])
async def test_an_odd_login_is_refused_and_never_a_crash(house, odd):
    assert await sign_in(await house.browser(), odd, "x" * 200) in (401, 422)
    assert await sign_in(await house.browser(), "op01", "\x00") == 401


@pytest.mark.parametrize("cookie", ["x" * 5000, "%00", "a; b", "\x7f"])
async def test_an_odd_cookie_is_nobodys(house, cookie):
    answer = await (await house.browser()).get("/api/me", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert answer.status_code == 401
