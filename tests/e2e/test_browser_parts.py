"""The parts of the pages that decide something, run in the real browser with nothing around them."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.e2e.hotline import Hotline, wait_for
from tests.e2e.test_seat_in_the_browser import sign_in

WORDS = """async (steps) => {
  const { TranscriptView } = await import("/static/js/transcript_view.js");
  document.body.innerHTML = '<div id="place" style="height:120px;overflow:auto"></div>';
  const place = document.getElementById("place");
  const view = new TranscriptView(place);
  for (const [act, ...values] of steps) {
    if (act !== "scroll") { view[act](...values); continue; }
    place.scrollTop = values[0];
    place.dispatchEvent(new Event("scroll"));
  }
  return {
    rows: [...place.querySelectorAll(".line")].map((row) => row.lastChild.textContent),
    at_end: place.scrollHeight - place.scrollTop - place.clientHeight < 2,
    told: !place.nextElementSibling.hidden,
  };
}"""
MERGE = """async ([base, mine, theirs]) => {
  const { merge } = await import("/static/js/ticket_merge.js");
  return merge(base, mine, theirs);
}"""
GRADE = """async (samples) => {
  const { grade, read } = await import("/static/js/quality.js");
  let before;
  return samples.map((sample) => {
    const found = read(new Map(sample.map((one, index) => [index, one])), before);
    before = found;
    return { ...found, word: grade(found).word };
  });
}"""

ORDER = """async (answers) => {
  const { inOrder } = await import("/static/js/api.js");
  const newest = inOrder();
  const ends = [];
  const shown = [];
  const wait = (place) => new Promise((end, fail) => { ends[place] = { end, fail }; });
  const note = (found) => shown.push(found ?? "old");
  const asked = answers.map((_, place) => newest(() => wait(place)).then(note, () => note("failed")));
  for (const { place, fails } of answers) {
    ends[place][fails ? "fail" : "end"](`answer ${place}`);
    await asked[place];
  }
  return shown;
}"""

PRESSES = """async (presses) => {
  const { pressOnce } = await import("/static/js/press_once.js");
  for (const [body, seen] of presses) await pressOnce("/an-order", body, seen).catch(() => {});
}"""

RING = """async () => {
  const make = AudioContext.prototype.createOscillator;
  window.beats = 0;
  AudioContext.prototype.createOscillator = function () { window.beats += 1; return make.call(this); };
  document.body.innerHTML = '<dialog id="devices"></dialog>'
    + '<select id="device-microphone"></select><select id="device-speaker"></select>'
    + '<button id="device-ring"></button><button id="device-close"></button>';
  const { startRing } = await import("/static/js/sound.js");
  const { DeviceDialog } = await import("/static/js/devices.js");
  const { dialog } = new DeviceDialog(() => null, () => {});
  dialog.showModal();
  document.getElementById("device-ring").click();
  startRing();
  dialog.close();
}"""


def test_the_stream_tells_browsers_to_come_back_at_once(hotline: Hotline) -> None:
    with hotline.sign_in("op01").http.stream("GET", "/api/stream") as answer:
        assert next(answer.iter_lines()) == "retry: 200"


SIGN_OUT = """async () => {
  const headers = { "X-CSRF-Token": document.querySelector("meta[name=csrf]").content };
  return (await fetch("/logout", { method: "POST", headers })).status;
}"""


def test_a_page_whose_session_is_over_leads_to_signing_in(page: Page, hotline: Hotline) -> None:
    sign_in(page, hotline, "grid01")
    page.wait_for_url("**/grid")
    expect(page.locator("#matter")).to_be_visible()
    # Behind the page's back, as a session runs out: some fact later the server looks who listens
    assert page.evaluate(SIGN_OUT) < 400
    operator = hotline.sign_in("op05")

    def led_away() -> bool:
        operator.post("/api/seats/5/take", {"phone": "desk"})
        operator.post("/api/seats/5/sign-off")
        return page.get_by_test_id("login-form").count() == 1

    wait_for("the page to ask who is there", led_away, pause_s=1)


def line(number: int, speaker: str, start_s: float) -> dict[str, Any]:
    return {
        "id": number,
        "speaker": speaker,
        "text": f"line {number}",
        "start_s": start_s,
        "end_s": start_s + 2,
    }


def guess(speaker: str, text: str, start_s: float) -> list[Any]:
    return ["guess", {"speaker": speaker, "text": text, "start_s": start_s}]


def run(page: Page, script: str, argument: object) -> Any:
    page.goto("/login")
    return page.evaluate(script, argument)


def test_lines_stand_in_the_order_of_speech_and_once(page: Page, hotline: Hotline) -> None:
    steps = [
        ["settle", line(2, "seat", 5.0)],
        guess("caller", "guess", 7.5),
        ["settle", line(1, "caller", 1.0)],
        ["settle", line(2, "seat", 5.0)],
    ]
    assert run(page, WORDS, steps)["rows"] == ["line 1", "line 2"]


def test_a_settled_line_takes_its_guess_away_and_a_late_guess_never_comes_back(
    page: Page, hotline: Hotline
) -> None:
    steps = [
        guess("caller", "gue", 1.0),
        guess("seat", "other", 1.0),
        ["settle", line(1, "caller", 1.0)],
        guess("caller", "guess of the settled line", 1.0),
    ]
    assert run(page, WORDS, steps)["rows"] == ["line 1", "other"]
    assert run(page, WORDS, [*steps, guess("caller", "next", 4.0)])["rows"] == ["line 1", "other", "next"]
    assert run(page, WORDS, [*steps, ["dropGuesses"]])["rows"] == ["line 1"]


def test_the_view_follows_only_who_reads_the_end(page: Page, hotline: Hotline) -> None:
    many: list[list[Any]] = [["settle", line(number, "caller", 3.0 * number)] for number in range(20)]
    followed = run(page, WORDS, many)
    assert (followed["at_end"], followed["told"]) == (True, False)
    reading = run(page, WORDS, [*many, ["scroll", 0], ["settle", line(30, "seat", 99.0)]])
    assert (reading["at_end"], reading["told"]) == (False, True)


def test_two_people_in_one_ticket(page: Page, hotline: Hotline) -> None:
    base = {"content": "old", "address": "", "secret": False, "village_id": None}
    mine = {"version": 1, "content": "mine", "address": "", "secret": True, "village_id": ""}
    theirs = {"version": 2, "content": "theirs", "address": "there", "secret": True, "village_id": 7}
    assert run(page, MERGE, [base, mine, theirs]) == {
        "taken": {"address": "there", "village_id": 7},
        "clashes": [{"name": "content", "mine": "mine", "theirs": "theirs"}],
    }


def rtp(lost: int, received: int, jitter: float, rtt: float) -> list[dict[str, Any]]:
    return [
        {
            "type": "inbound-rtp",
            "kind": "audio",
            "packetsLost": lost,
            "packetsReceived": received,
            "jitter": 0.001,
        },
        {
            "type": "remote-inbound-rtp",
            "kind": "audio",
            "fractionLost": 0,
            "jitter": jitter,
            "roundTripTime": rtt,
        },
    ]


def test_the_line_is_judged_by_its_worst_figure_of_the_last_seconds(page: Page, hotline: Hotline) -> None:
    samples = [
        rtp(0, 100, 0.002, 0.02),
        rtp(2, 198, 0.002, 0.02),
        rtp(12, 288, 0.002, 0.02),
        rtp(12, 388, 0.035, 0.02),
        rtp(12, 488, 0.002, 0.5),
    ]
    found = run(page, GRADE, samples)
    assert [one["word"] for one in found] == ["好", "一般", "差", "一般", "差"]
    assert found[2]["loss"] == 0.1


def test_an_answer_that_comes_late_does_not_replace_a_newer_one(page: Page, hotline: Hotline) -> None:
    def come(*places: int, fails: int = -1) -> list[dict[str, object]]:
        return [{"place": place, "fails": place == fails} for place in places]

    assert run(page, ORDER, come(0, 1, 2)) == ["answer 0", "answer 1", "answer 2"]
    assert run(page, ORDER, come(0, 2, 1)) == ["answer 0", "answer 2", "old"]
    assert run(page, ORDER, come(2, 1, 0)) == ["answer 2", "old", "old"]
    assert run(page, ORDER, come(2, 1, 0, fails=2)) == ["failed", "answer 1", "old"], (
        "a failure shows nothing"
    )


def test_trying_the_ring_and_closing_the_headset_dialogue_do_not_silence_a_call(
    page: Page, hotline: Hotline
) -> None:
    run(page, RING, None)
    # Asked from outside: the pages' policy lets nothing be evaluated inside
    wait_for(
        "the trial, the call's first beat, and the one after", lambda: page.evaluate("window.beats >= 3")
    )


def test_a_press_keeps_its_key_until_it_is_answered_and_shares_it_with_no_other(
    page: Page, hotline: Hotline
) -> None:
    ask, other = {"seat_id": 2}, {"seat_id": 3}
    cut, broken, refused, done = 0, 502, 409, 200
    steps: list[tuple[dict[str, int], int | None, int]] = [
        (ask, None, cut),
        (ask, None, broken),  # a proxy's failure: nobody knows
        (ask, None, cut),
        (other, None, cut),
        (ask, None, cut),  # after another press it is a press of its own
        (ask, None, refused),
        (ask, None, done),
        (ask, None, cut),
        (ask, 7, cut),  # what the lost one began has shown itself
        (ask, 7, done),
    ]
    answers = [answer for _, _, answer in steps]
    keys: list[str] = []

    def answer(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        status = answers[len(keys) - 1]
        if status == cut:
            route.abort("connectionreset")
        else:
            route.fulfill(status=status, json={})

    page.route("**/an-order", answer)
    run(page, PRESSES, [[body, seen] for body, seen, _ in steps])
    places = {key: place for place, key in enumerate(dict.fromkeys(keys), start=1)}
    assert [places[key] for key in keys] == [1, 1, 1, 2, 3, 3, 4, 5, 6, 6]
