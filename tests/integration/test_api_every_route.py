"""No door without a lock: every route of the application is walked, none by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import Mount

from api.app import create_app
from api.security import CSRF_HEADER, SAFE_METHODS, anybody
from core.config import load_settings
from core.vocabulary import ROLE_RANK, Role
from tests.fakes.web_house import PEOPLE

OPEN_TO_ALL = {
    "GET /",
    "GET /login",
    "POST /login",
    "GET /healthz",
    "GET /demo/phone",
    "GET /api/demo/sip",
}
NOTHING_BEHIND = {"number": "99", "call_id": "ms-nobody", "ticket_id": "999999", "recording_id": "999999"}
ENDLESS = "/api/stream"


def guards(route: Any) -> Iterator[Any]:
    """What a route depends on, and what that depends on."""
    waiting = [route.dependant]
    while waiting:
        one = waiting.pop()
        waiting.extend(one.dependencies)
        if one.call is not None:
            yield one.call


def role_of(route: RouteContext) -> Role | None:
    """The role that a route asks for; None if it is open to everybody on purpose."""
    found = list(guards(route))
    roles = [call.required_role for call in found if hasattr(call, "required_role")]
    assert len(roles) + found.count(anybody) == 1, f"{route.path} has no guard, or more than one"
    return roles[0] if roles else None


def doors(app: Any) -> list[tuple[str, str, Role | None]]:
    """(method, path, role) of everything that answers; a route of an unknown kind fails."""
    found: list[tuple[str, str, Role | None]] = []
    for route in iter_route_contexts(app.routes):
        if isinstance(route.original_route, APIRoute):
            found.extend((method, str(route.path), role_of(route)) for method in sorted(route.methods or ()))
        else:
            kind = (type(route.original_route), route.path)
            assert kind == (Mount, "/static"), f"{kind} is open to everybody"
    return sorted(found, key=lambda door: (door[1], door[0]))


@pytest.fixture(scope="module")
def all_doors(tmp_path_factory):
    return doors(create_app(load_settings(tmp_path_factory.mktemp("state"))))


def filled(path: str) -> str:
    """The path with ids that nothing has."""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda match: NOTHING_BEHIND.get(match[1], "999999"), path)


def test_what_is_open_to_everybody_is_this_short_list(all_doors):
    assert {f"{method} {path}" for method, path, role in all_doors if role is None} == OPEN_TO_ALL
    assert len(all_doors) > 25


async def test_a_stranger_gets_in_nowhere(house, all_doors):
    stranger = await house.browser()
    for method, path, role in all_doors:
        if role is None:
            continue
        answer = await stranger.request(method, filled(path), json={})
        assert answer.status_code == 401, f"{method} {path}"
        assert answer.json()["error"]["code"] == "not-signed-in"
        if not path.startswith("/api/"):
            page = await stranger.request(method, filled(path), headers={"Accept": "text/html"})
            assert (page.status_code, page.headers.get("location")) == (303, "/login"), f"{method} {path}"


@pytest.mark.parametrize("login", ["grid", "op01", "leader", "head", "admin"])
async def test_each_role_gets_in_where_its_rank_allows_and_nowhere_else(house, all_doors, login):
    browser = await house.as_(login)
    rank = ROLE_RANK[PEOPLE[login]]
    for method, path, role in all_doors:
        if role is None or path in (ENDLESS, "/logout"):
            continue
        answer = await browser.request(method, filled(path), json={})
        if rank < ROLE_RANK[role]:
            assert answer.status_code == 403, f"{login} {method} {path}"
            assert answer.json()["error"]["code"] == "forbidden"
        else:
            assert answer.status_code not in (401, 403, 405), f"{login} {method} {path}: {answer.text}"
            assert answer.status_code < 500 or answer.status_code == 503, f"{method} {path}: {answer.text}"


@pytest.mark.parametrize("token", [None, "", "wrong", "ü", "a" * 10_000])
async def test_no_unsafe_route_takes_a_missing_or_wrong_token(house, all_doors, token):
    browser = await house.as_("admin")
    del browser.headers[CSRF_HEADER]
    headers = {} if token is None else {CSRF_HEADER: token.encode()}
    walked = 0
    for method, path, role in all_doors:
        if method in SAFE_METHODS or role is None:
            continue
        answer = await browser.request(method, filled(path), json={}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "bad-csrf"), f"{method} {path}"
        walked += 1
    assert walked > 8


async def test_the_token_of_another_persons_session_is_wrong_too(house):
    mine, other = await house.as_("op01"), await house.as_("op02")
    answer = await mine.post("/logout", headers={CSRF_HEADER: other.headers[CSRF_HEADER]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "bad-csrf")
    assert (await mine.post("/logout")).status_code == 200


async def test_a_method_that_no_route_has_is_refused(house, all_doors):
    browser = await house.as_("admin")
    for path in sorted({path for _method, path, _role in all_doors} - {ENDLESS}):
        answer = await browser.request("PATCH", filled(path))
        assert answer.status_code == 405, path


ODD = ("0", "-1", "9223372036854775808", "1" + "0" * 40, "1.5", "abc", "%00", "..%2f..%2fetc", "٣")


async def test_an_odd_id_is_a_refusal_and_never_a_crash(house, all_doors):
    browser = await house.as_("admin")
    for method, path, _role in all_doors:
        for odd in ODD if "{" in path else ():
            url = re.sub(r"{\w+(?::\w+)?}", odd, path)
            answer = await browser.request(method, url, json={})
            empty_page = answer.status_code == 200 and not path.startswith("/api/")
            refused = answer.status_code in (404, 405, 409, 422)
            assert refused or empty_page, f"{method} {url}: {answer.status_code} {answer.text[:200]}"


async def test_every_answer_carries_the_headers_that_fence_a_page(house):
    browser = await house.as_("op01")
    for path in ("/seat", "/api/me", "/api/nothing", "/api/calls"):
        headers = (await browser.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert (headers["x-frame-options"], headers["x-content-type-options"]) == ("DENY", "nosniff")
        assert headers["cache-control"] == "no-store"
