"""The sound of a call: by ranges, to those it belongs to, each listening written down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.web_house import IDS, a_call, a_recording

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # files, not rows
SOUND = bytes(range(256)) * 40
URL = "/api/recordings/1/audio"


@pytest.fixture
async def browser(house):
    (house.recordings_dir / "joined").mkdir()
    (house.recordings_dir / "joined" / "ms-1.wav").write_bytes(SOUND)
    await house.add(a_call("ms-1"), a_recording("ms-1", "joined/ms-1.wav", 1))
    return await house.as_("op01")


async def test_without_a_range_the_whole_comes_and_may_not_be_kept(browser):
    answer = await browser.get(URL)
    assert (answer.status_code, answer.content) == (200, SOUND)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, 10239),
        ("bytes=0-0", 0, 0),
        ("bytes=100-199", 100, 199),
        ("bytes=10000-99999", 10000, 10239),
        ("bytes=-5", 10235, 10239),
        ("bytes=-99999", 0, 10239),
    ],
)
async def test_a_range_gives_exactly_that_part(browser, asked, first, last):
    answer = await browser.get(URL, headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(SOUND)}"
    assert answer.content == SOUND[first : last + 1]
    assert int(answer.headers["content-length"]) == last + 1 - first


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=99999-100000"])
async def test_a_range_behind_the_end_is_416(browser, asked):
    answer = await browser.get(URL, headers={"Range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(SOUND)}")


@pytest.mark.parametrize(
    "asked", ["bytes=5-1", "bytes=a-b", "lines=1-2", "bytes", "bytes=-", "=", "bytes=--1"]
)
async def test_a_range_that_is_none_is_refused_or_ignored_and_never_a_crash(browser, asked):
    answer = await browser.get(URL, headers={"Range": asked})
    assert answer.status_code in (200, 400, 416)
    assert answer.status_code != 200 or answer.content == SOUND


async def test_several_ranges_come_as_parts(browser):
    answer = await browser.get(URL, headers={"Range": "bytes=0-9,100-109"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    parts = answer.content
    assert SOUND[:10] in parts
    assert SOUND[100:110] in parts
    assert len(parts) < 600


async def test_a_thousand_overlapping_ranges_do_not_multiply_the_file(browser):
    asked = "bytes=" + ",".join("0-" for _ in range(1000))
    answer = await browser.get(URL, headers={"Range": asked})
    assert len(answer.content) <= len(SOUND) + 1000


async def test_a_range_of_an_earlier_file_gives_the_whole_new_one(browser):
    answer = await browser.get(URL, headers={"Range": "bytes=0-9", "If-Range": '"something-else"'})
    assert (answer.status_code, answer.content) == (200, SOUND)


async def test_each_listening_is_written_down_and_jumping_about_is_the_same_one(house, browser):
    for asked in ("bytes=0-", "bytes=5000-", "bytes=100-", None):
        await browser.get(URL, headers={"Range": asked} if asked else {})
    looks = await house.looks("recording_played")
    assert [(look.account_id, look.subject) for look in looks] == [(IDS["op01"], "recording:1")] * 2
    assert {look.address for look in looks} == {"10.0.0.1"}
    assert {look.at for look in looks} == {house.clock.now()}


async def test_who_begins_in_the_middle_is_written_down_too(house, browser):
    await browser.get(URL, headers={"Range": "bytes=1-"})
    await browser.get(URL, headers={"Range": "bytes = 0900-"})
    assert len(await house.looks("recording_played")) == 1
    house.clock.advance(601)
    await browser.get(URL, headers={"Range": "bytes=1-"})
    assert len(await house.looks("recording_played")) == 2


async def test_only_the_operator_of_the_call_and_those_who_lead_hear_it(house, browser):
    assert (await (await house.as_("op02")).get(URL)).status_code == 403
    assert (await (await house.browser()).get(URL)).status_code == 401
    assert await house.looks("recording_played") == []
    for login in ("leader", "head", "admin"):
        assert (await (await house.as_(login)).get(URL)).status_code == 200
    assert [look.account_id for look in await house.looks("recording_played")] == [
        IDS["leader"],
        IDS["head"],
        IDS["admin"],
    ]
    assert browser is not None


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "joined/../../secret.txt",
        "/etc/passwd",
        "joined",
        ".",
        "nothing.wav",
        "link.wav",
        "",
        "\n",
    ],
)
async def test_a_name_that_leads_out_of_the_folder_is_not_found(house, browser, name):
    (house.recordings_dir.parent / "secret.txt").write_text("secret")
    os.symlink(house.recordings_dir.parent / "secret.txt", house.recordings_dir / "link.wav")
    await house.add(a_call("ms-2"), a_recording("ms-2", name, 2))
    answer = await browser.get("/api/recordings/2/audio")
    assert answer.status_code == 404
    assert b"secret" not in answer.content


async def test_a_recording_that_is_not_joined_yet_is_not_found(house, browser):
    await house.add(a_call("ms-3"), a_recording("ms-3", None, 3))
    assert (await browser.get("/api/recordings/3/audio")).status_code == 404


async def test_no_other_path_serves_the_folder(house, browser):
    names = ["joined/ms-1.wav", "recordings/joined/ms-1.wav", "state/recordings/joined/ms-1.wav"]
    for name in names:
        for prefix in ("/", "/static/", "/static/../", "/static/%2e%2e/", "/static/..%2f..%2f"):
            assert (await browser.get(prefix + name)).status_code in (404, 405), prefix + name
    absolute = Path(house.recordings_dir / "joined" / "ms-1.wav")
    assert (await browser.get(f"/static/{absolute}")).status_code == 404
