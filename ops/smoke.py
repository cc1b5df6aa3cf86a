"""`minsheng smoke` and `minsheng call`: a real SIP phone calls the hotline; what came of it is measured."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx

from core.config import Settings
from core.errors import HotlineError
from ops.phone import PhoneDidNot, ScriptedPhone, tone, tone_power, wait_until
from ops.setup_steps import demo_password, prepare
from ops.supervisor import Supervisor

CALLER_HZ: Final = 440.0
SEAT_HZ: Final = 660.0
CLEAR: Final = 0.5
SPEECH: Final = "안녕하세요. 수도관이 터졌어요. 우리 집 앞 도로에 물이 넘치고 있습니다. 빨리 와 주세요."
"""In the language of the demo's stand-in model; a Chinese sentence is used with a Chinese one."""
SPEECH_ZH: Final = "您好，我家楼下的水管爆了，水流到马路上，请尽快派人来修。"


class SmokeFailed(HotlineError):
    """试拨没有成功。"""

    code = "smoke-failed"
    status = 500


class Desk:
    """The HTTP side: signs on as an operator, asks what became of a call."""

    def __init__(self, settings: Settings, url: str) -> None:
        # The certificate may be the instance's own; this talks to our own loopback address
        self._http = httpx.Client(base_url=url, timeout=20.0, verify=False)  # noqa: S501
        self._password = demo_password(settings) or ""

    def sign_in(self, login: str) -> None:
        """Open a session."""
        answer = self._http.post("/login", data={"login": login, "password": self._password})
        if answer.status_code != 303:
            raise SmokeFailed(步骤="登录", 答复=answer.status_code)
        self._csrf = str(self.get("/api/me")["csrf"])

    def get(self, path: str) -> Any:
        """JSON of a GET."""
        answer = self._http.get(path)
        if answer.status_code != 200:
            raise SmokeFailed(步骤=path, 答复=answer.status_code)
        return answer.json()

    def post(
        self, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """JSON of a POST."""
        answer = self._http.post(
            path, json=body or {}, headers={"X-CSRF-Token": self._csrf, **(headers or {})}
        )
        if answer.status_code != 200:
            raise SmokeFailed(步骤=path, 答复=answer.text[:200])
        return answer.json()

    def kinds(self, limit_s: float) -> Iterator[str]:
        """Names of the facts that a screen is sent, for at most that long."""
        until = time.monotonic() + limit_s
        with self._http.stream("GET", "/api/stream", timeout=limit_s) as answer:
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    yield line.removeprefix("event:").strip()
                if time.monotonic() > until:
                    return

    def result(self, call_id: str) -> dict[str, Any]:
        """Call, transcript and ticket together."""
        call = self.get(f"/api/calls/{call_id}")
        ticket = self.get(f"/api/tickets/{call['ticket_id']}") if call["ticket_id"] else None
        return {"call": call, "transcript": self.get(f"/api/calls/{call_id}/transcript"), "ticket": ticket}


def place_call(settings: Settings, wav: Path, number: str) -> dict[str, Any]:
    """Call a running demo hotline, play `wav`, wait for the recording and its second pass."""
    url = f"{'https' if settings.web.tls_cert else 'http'}://127.0.0.1:{settings.web.port}"
    desk = Desk(settings, url)
    try:
        desk.sign_in("leader")
    except httpx.TransportError as error:
        raise SmokeFailed(原因="热线没有在运行：先运行 minsheng up", 地址=url) from error
    before = {call["id"] for call in desk.get("/api/calls")["calls"]}
    with tempfile.TemporaryDirectory() as folder:
        sound = _as_pcm(wav, Path(folder) / "say.wav")
        with ScriptedPhone.citizen(settings, number, play=str(sound)) as phone:
            phone.call(settings.asterisk.hotline_number)
            phone.wait_answered()
            call_id = wait_until(
                "the call to be seen",
                lambda: next(
                    (c["id"] for c in desk.get("/api/calls")["calls"] if c["id"] not in before), None
                ),
            )
            _talk_or_leave(desk, phone, call_id, sound)
    return _finished(desk, call_id, wait_until("the engine", lambda: _settled_engine(desk), 60))


def run_smoke(say: Callable[[str], None]) -> dict[str, Any]:
    """The whole stack in a temporary folder, one call with speech, all measured, all stopped."""
    folder = Path(tempfile.mkdtemp(prefix="minsheng-smoke-"))
    supervisor: Supervisor | None = None
    try:
        settings = prepare(folder / "instance", say, free_ports=True).settings
        supervisor = Supervisor(settings, say)
        supervisor.start()
        if not supervisor.wait_ready(60):
            raise SmokeFailed(步骤="启动")
        result = _one_call(settings, supervisor.base_url(), folder, say)
    except (HotlineError, PhoneDidNot, httpx.HTTPError) as error:
        return {"ok": False, "reason": str(error), "log": _log_tail(folder)}
    finally:
        if supervisor is not None:
            supervisor.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return result


def _one_call(settings: Settings, url: str, folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    desk = Desk(settings, url)
    desk.sign_in("op01")
    engine = wait_until("the engine", lambda: _settled_engine(desk), 60)
    caller_says = _speech(folder, engine["language"])
    seat_hears, caller_hears = folder / "seat.wav", folder / "caller.wav"
    seat_says = tone(folder / "seat-says.wav", hz=SEAT_HZ, seconds=60)
    with (
        ScriptedPhone.seat(settings, 1, play=str(seat_says), record=str(seat_hears)) as seat,
        ScriptedPhone.citizen(settings, play=str(caller_says), record=str(caller_hears), loop=True) as caller,
    ):
        desk.post("/api/seats/1/take", {"phone": "desk"})
        desk.post("/api/seats/1/start")
        began = time.monotonic()
        caller.call(settings.asterisk.hotline_number)
        caller.wait_answered()
        rang = seat.wait("incoming", timeout_s=30)
        seat.answer()
        answered = seat.wait_answered()
        say("通话中")
        call_id = str(rang["headers"]["X-Minsheng-Call"])
        times = _listen(desk, call_id, answered["t"]) if engine["available"] else {}
        wait_until("sound to flow", lambda: time.monotonic() > answered["t"] + 8, 12)
        caller.hang_up()
        ended = caller.wait_ended()["t"]
    done = _finished(desk, call_id, engine)
    measured = {
        "ring_s": round(rang["t"] - began, 3),
        "answer_s": round(answered["t"] - rang["t"], 3),
        "first_line_s": times.get("first_line_s"),
        "first_partial_s": times.get("first_partial_s"),
        "final_lag_s": round(time.monotonic() - ended, 3),
    }
    heard = (tone_power(seat_hears, CALLER_HZ) > CLEAR, tone_power(caller_hears, SEAT_HZ) > CLEAR)
    return {**measured, **_verdict(done, engine, heard)}


def _verdict(done: dict[str, Any], engine: dict[str, Any], heard: tuple[bool, bool]) -> dict[str, Any]:
    lines, ticket = done["transcript"]["lines"], done["ticket"]
    return {
        "recording_s": done["call"]["recording"]["duration_s"],
        "ticket_id": done["call"]["ticket_id"],
        "ticket_number": ticket["number"] if ticket else None,
        "seat_hears_caller": heard[0],
        "caller_hears_seat": heard[1],
        "lines": len(lines),
        "model": engine["model"],
        "ok": all(heard) and ticket is not None and (bool(lines) or not engine["available"]),
    }


def _listen(desk: Desk, call_id: str, answered: float) -> dict[str, float]:
    """Seconds from the answer to the first guess on a screen and to the first stored line."""
    times: dict[str, float] = {}
    for kind in desk.kinds(40):
        if kind == "UtteranceGuessed":
            times.setdefault("first_partial_s", round(time.monotonic() - answered, 3))
        elif kind == "UtteranceSettled":
            times["first_line_s"] = round(time.monotonic() - answered, 3)
            break
    if not desk.get(f"/api/calls/{call_id}/transcript")["lines"]:
        raise SmokeFailed(步骤="转写", 原因="40 秒内没有一行文字")
    return times


def _finished(desk: Desk, call_id: str, engine: dict[str, Any]) -> dict[str, Any]:
    """Wait until the recording is joined and, where there is an engine, heard a second time."""
    wanted = ("joined", "transcribed", "failed") if not engine.get("available") else ("transcribed", "failed")

    def look() -> dict[str, Any] | None:
        call = desk.get(f"/api/calls/{call_id}")
        recording = call["recording"]
        over = call["state"] == "ended" and (recording is None or recording["state"] in wanted)
        return call if over and recording is not None else None

    wait_until("the recording", look, 90)
    return desk.result(call_id)


def _talk_or_leave(desk: Desk, phone: ScriptedPhone, call_id: str, sound: Path) -> None:
    """Stay until the WAV has been heard by a seat or by the message recorder, then hang up."""
    seconds = sound.stat().st_size / 2 / 16000

    def talking() -> bool:
        return desk.get(f"/api/calls/{call_id}")["state"] in ("talking", "held", "leaving_message", "ended")

    wait_until("a seat or the message", talking, 240)
    until = time.monotonic() + seconds + 2
    wait_until("the end of the WAV", lambda: time.monotonic() > until, seconds + 10)
    phone.hang_up()
    phone.wait_ended()


def _settled_engine(desk: Desk) -> dict[str, Any] | None:
    engine: dict[str, Any] = desk.get("/api/board")["engine"]
    return None if engine["reason"] in ("starting", "loading") else engine


def _speech(folder: Path, language: str) -> Path:
    """Two seconds of tone, then a sentence, as 16 kHz WAV."""
    voice, text = ("cmn", SPEECH_ZH) if language == "zh" else ("ko", SPEECH)
    spoken, out = folder / "spoken.wav", folder / "caller-says.wav"
    beep = tone(folder / "beep.wav", hz=CALLER_HZ, seconds=2)
    subprocess.run(
        ["espeak-ng", "-v", voice, "-s", "140", "-w", str(spoken), text], check=True, capture_output=True
    )
    return _join_sounds(out, beep, _as_pcm(spoken, folder / "spoken16.wav"))


def _join_sounds(out: Path, *parts: Path) -> Path:
    subprocess.run(["sox", *map(str, parts), str(out)], check=True, capture_output=True)
    return out


def _as_pcm(wav: Path, out: Path) -> Path:
    """Any WAV as 16-bit mono at 16 kHz."""
    command = ["sox", str(wav), "-r", "16000", "-b", "16", "-c", "1", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SmokeFailed(步骤="读 WAV", 原因=done.stderr[-200:])
    return out


def _log_tail(folder: Path) -> list[str]:
    lines: list[str] = []
    for file in sorted((folder / "instance" / "log").glob("*.log")):
        lines += [f"{file.name}: {line}" for line in file.read_text(errors="replace").splitlines()[-12:]]
    return lines
