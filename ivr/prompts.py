"""What callers hear: the catalogue of prompts, made by espeak-ng, each replaceable by a recorded WAV."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.callback_words import BACK_IN_MINUTES
from core.config import Settings
from core.errors import SetupIncomplete

RATE_HZ = 16000
MAX_GREETING_S = 8.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """One sentence a caller hears; `id` is the sound file's name."""

    id: str
    text: str
    max_s: float


ABOUT: Final[dict[str, str]] = {
    "00": "紧急民生",
    "01": "公用事业",
    "02": "住房物业",
    "03": "城市管理",
    "04": "交通出行",
    "05": "三农与乡村",
    "06": "人社民政",
    "07": "教育卫健医保",
    "08": "市场消费",
    "09": "生态环境与自然资源",
    "10": "安全应急",
    "11": "公安司法信访",
    "12": "政务与作风",
}
"""What a callee of the one-key bridge is told it is about: the class of the category."""

PROMPTS: Final[tuple[Prompt, ...]] = (
    Prompt(
        "ms-greeting",
        "您好，欢迎致电奉节县民生之声服务热线。为保证服务质量，本次通话将被录音。",
        MAX_GREETING_S,
    ),
    Prompt("ms-busy", "话务员正忙，请稍候。水电气等紧急民生问题请按1，查询办理进度请按2。", 15.0),
    Prompt("ms-challenge", "您的来电较多，请按5继续。水电气等紧急民生问题请按1。", 9.0),
    Prompt("ms-away-challenge", "没有收到您的按键，请稍后再拨。紧急民生问题请按1。", 9.0),
    Prompt("ms-away-lines", "现在线路繁忙，请稍后再拨。紧急民生问题请按1。", 9.0),
    Prompt("ms-busy-back", "话务员正忙，请稍候。您也可以按星号键登记回拨，我们会给您打回来。", 12.0),
    *(
        Prompt(f"ms-back-in-{minutes}", f"已为您登记，我们将在{minutes}分钟内给您回拨，再见。", 9.0)
        for minutes in BACK_IN_MINUTES
    ),
    Prompt("ms-back-in-soon", "已为您登记，我们会尽快给您回拨，再见。", 9.0),
    Prompt("ms-back-withheld", "您的来电没有显示号码，无法回拨，请不要挂机，继续为您排队。", 9.0),
    Prompt("ms-message", "当前话务员无法接听，请在提示音后留言，说完请挂机。我们会尽快与您联系。", 15.0),
    Prompt("ms-message-thanks", "您的留言已经收到，感谢来电，再见。", 8.0),
    Prompt("ms-thanks", "感谢来电，再见。", 5.0),
    Prompt("ms-progress-none", "没有查到本号码的工单，正在为您转接人工服务。", 8.0),
    Prompt("ms-progress-draft", "您最近的工单正在登记，请稍候。", 8.0),
    Prompt("ms-progress-pending_accept", "您最近的工单正在等待受理。", 8.0),
    Prompt("ms-progress-to_dispatch", "您最近的工单已经登记，正在转交承办单位。", 8.0),
    Prompt("ms-progress-answered", "您最近的工单已经答复办结。", 8.0),
    Prompt("ms-progress-void", "没有查到本号码正在办理的工单。", 8.0),
    Prompt("ms-bridge-hello", "您好，这里是奉节民生之声三方通话。", 8.0),
    Prompt("ms-bridge-by-caller", "群众反映", 3.0),
    Prompt("ms-bridge-by-grid", "网格员反映", 3.0),
    *(Prompt(f"ms-about-{code}", f"{text}方面的问题。", 6.0) for code, text in ABOUT.items()),
    Prompt("ms-bridge-keys", "本次通话将被录音。按1接入，按2稍后回拨。", 9.0),
    Prompt("ms-bridge-recorded", "您好，这里是奉节民生之声，本次通话将被录音。", 8.0),
    Prompt("ms-probe", "您好，这里是奉节民生之声，正在核对值班电话。号码正确请按1。", 9.0),
    Prompt("ms-probe-thanks", "已经核对，谢谢，再见。", 5.0),
    Prompt("ms-handover-110", "正在为您呼叫幺幺零，请不要挂机。", 6.0),
    Prompt("ms-handover-119", "正在为您呼叫幺幺九，请不要挂机。", 6.0),
    Prompt("ms-handover-120", "正在为您呼叫幺二零，请不要挂机。", 6.0),
    Prompt("ms-handover-122", "正在为您呼叫幺二二，请不要挂机。", 6.0),
    Prompt("ms-bridge-later", "好的，我们稍后给您回拨，再见。", 6.0),
)
TONES: Final[dict[str, tuple[str, ...]]] = {
    "ms-beep": ("synth", "0.4", "sine", "950", "vol", "0.3"),
    # Somebody comes into a conference that runs: two soft notes upwards, downwards when he goes again
    "ms-joined": (
        *("synth", "0.15", "sine", "988", "vol", "0.1", "fade", "0.01", "0.15", "0.03", ":"),
        *("synth", "0.15", "sine", "1319", "vol", "0.1", "fade", "0.01", "0.15", "0.03"),
    ),
    "ms-left": (
        *("synth", "0.15", "sine", "1319", "vol", "0.1", "fade", "0.01", "0.15", "0.03", ":"),
        *("synth", "0.15", "sine", "988", "vol", "0.1", "fade", "0.01", "0.15", "0.03"),
    ),
}
"""Signals without words, as sox makes them."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A prompt and where its sound comes from."""

    prompt: Prompt
    source: str

    def __str__(self) -> str:
        return f"{self.prompt.id}（{self.source}）：{self.prompt.text}"


def list_prompts(settings: Settings) -> list[Listed]:
    """Every prompt with its source: recorded, made, or missing."""
    found: list[Listed] = []
    for prompt in PROMPTS:
        if _recorded(settings, prompt.id).exists():
            source = "录音"
        else:
            source = "合成" if _sound(settings, prompt.id).exists() else "缺少"
        found.append(Listed(prompt, source))
    return found


def build(settings: Settings, progress: Callable[[str], None]) -> None:
    """Make what is missing or whose text or recording has changed.

    Raises:
        SetupIncomplete: if espeak-ng or sox is missing, or a recording cannot be read.
    """
    for tool in ("espeak-ng", "sox"):
        if shutil.which(tool) is None:
            raise SetupIncomplete(缺少=f"{tool}（apt-get install {tool}）")
    (settings.prompts_dir / "recorded").mkdir(parents=True, exist_ok=True)
    made = 0
    for prompt in PROMPTS:
        made += _build_one(settings, prompt)
    for name, notes in TONES.items():
        _build_tone(_sound(settings, name), notes)
    if made:
        progress(f"生成语音提示 {made} 条")


def check(settings: Settings) -> list[str]:
    """What is wrong with the sounds, a sentence each; empty if nothing is."""
    problems: list[str] = []
    for prompt in PROMPTS:
        file = _sound(settings, prompt.id)
        try:
            with wave.open(str(file), "rb") as sound:
                seconds = sound.getnframes() / sound.getframerate()
                plain = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, RATE_HZ)
        except (OSError, EOFError, wave.Error) as error:
            problems.append(f"{prompt.id}：无法读取（{type(error).__name__}）")
            continue
        if not plain:
            problems.append(f"{prompt.id}：不是 16 kHz 单声道 16 位")
        if not 0.3 <= seconds <= prompt.max_s:
            problems.append(f"{prompt.id}：时长 {seconds:.1f} 秒，应在 0.3 至 {prompt.max_s:.0f} 秒之间")
    return problems


def _build_one(settings: Settings, prompt: Prompt) -> int:
    recorded, target = _recorded(settings, prompt.id), _sound(settings, prompt.id)
    source = recorded.read_bytes() if recorded.exists() else prompt.text.encode()
    stamp = target.with_suffix(".stamp")
    digest = hashlib.sha256(source).hexdigest()
    if target.exists() and stamp.exists() and stamp.read_text() == digest:
        return 0
    draft = target.with_name(f".{os.getpid()}-{target.name}")
    raw = recorded
    if not recorded.exists():
        raw = target.with_name(f".{os.getpid()}-raw.wav")
        _run("espeak-ng", "-v", "cmn", "-s", "275", "-w", str(raw), prompt.text)
    try:
        _run(
            "sox",
            str(raw),
            "-r",
            str(RATE_HZ),
            "-b",
            "16",
            "-c",
            "1",
            str(draft),
            "norm",
            "-3",
            "reverse",
            "silence",
            "1",
            "0.05",
            "0.5%",
            "reverse",
        )
    finally:
        if raw != recorded:
            raw.unlink(missing_ok=True)
    draft.replace(target)
    stamp.write_text(digest)
    return 1


def _build_tone(target: Path, notes: tuple[str, ...]) -> None:
    if target.exists():
        return
    draft = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        _run("sox", "-n", "-r", str(RATE_HZ), "-b", "16", "-c", "1", str(draft), *notes)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _sound(settings: Settings, prompt_id: str) -> Path:
    # Asterisk knows a 16 kHz WAV by the ending wav16
    return settings.prompts_dir / f"{prompt_id}.wav16"


def _recorded(settings: Settings, prompt_id: str) -> Path:
    return settings.prompts_dir / "recorded" / f"{prompt_id}.wav"


def _run(*command: str) -> None:
    words: list[str] = []
    for word in command:
        # sox names a format by a file's ending; wav16 is Asterisk's name for what is a WAV
        words += ["-t", "wav", word] if word.endswith(".wav16") else [word]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SetupIncomplete(原因=done.stderr[-300:])
