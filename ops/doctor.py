"""`minsheng doctor`: what is wrong with this machine or instance, and what to do, in Chinese."""

from __future__ import annotations

import shutil
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from core.config import Engine, Settings, settings_file
from core.errors import HotlineError, SetupIncomplete
from ivr import prompts
from ops.supervisor import base_url, reached_at
from telephony import disk_room
from telephony.asterisk_runtime import AsteriskProcess, find_runtime
from transcription import models, sherpa_recognizer

FULL_SOON_DAYS = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every check, in the order in which an administrator would mend things."""
    return [
        *_tools(),
        _runtime(settings),
        _settings(settings),
        *_seats(settings),
        _disk(settings),
        *_prompts(settings),
        _model(settings),
        *_processes(settings),
    ]


def _tools() -> Iterator[Finding]:
    for tool, package in (("sox", "sox"), ("espeak-ng", "espeak-ng"), ("mmdebstrap", "mmdebstrap")):
        yield Finding(f"工具 {tool}", shutil.which(tool) is not None, f"apt-get install {package}")


def _runtime(settings: Settings) -> Finding:
    try:
        found = find_runtime(settings)
    except HotlineError as error:
        return Finding("Asterisk 运行环境", False, f"{error}；运行 make setup")
    return Finding(f"Asterisk 运行环境 {found}", True)


def _settings(settings: Settings) -> Finding:
    file = settings_file(settings.state_dir)
    if not file.exists():
        return Finding("实例配置", False, "运行 make setup")
    private = not file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return Finding("实例配置仅本人可读", private, f"chmod 600 {file}")


def _seats(settings: Settings) -> Iterator[Finding]:
    """Only where seats are served on a LAN."""
    address, networks = settings.asterisk.https_address, settings.asterisk.seat_networks
    if address and not address.startswith("127."):
        admitted = any(not network.startswith("127.") for network in networks)
        remedy = f"坐席电脑的网段没有放行，话机登记不上：minsheng setup --production --lan {address}/24"
        yield Finding("坐席网段 " + "、".join(networks), admitted, remedy)


def _disk(settings: Settings) -> Finding:
    room = disk_room.look(settings)
    a_day = disk_room.day_bytes(settings.recordings_dir / "capture", time.time())
    said = f"磁盘剩余 {room.free_bytes / 1e9:.0f} GB"
    days = room.free_bytes // a_day if a_day else None
    if days is not None and days < FULL_SOON_DAYS:
        said += f"，按昨天到今天的录音量还能用 {days} 天"
    remedy = "清理磁盘或把实例文件夹移到更大的盘；来电照常接听，盘满后没有录音"
    return Finding(said, not room.low and (days is None or days >= FULL_SOON_DAYS), remedy)


def _prompts(settings: Settings) -> Iterator[Finding]:
    problems = prompts.check(settings)
    if not settings.prompts_dir.exists():
        yield Finding("语音提示", False, "运行 make setup，或 minsheng prompts build")
        return
    yield Finding("语音提示齐全", not problems, "minsheng prompts build")
    for problem in problems:
        yield Finding(str(problem), False, "重新生成或更换录音")


def _model(settings: Settings) -> Finding:
    if settings.transcription.engine is Engine.SHERPA:
        return _sherpa(settings)
    model = models.choose(settings)
    remedy = "minsheng model install vosk-model-small-cn-0.22（热线照常工作，只是没有转写）"
    if model is None:
        return Finding("语音模型", False, remedy)
    if model.stand_in:
        return Finding(f"语音模型 {model.name}（韩语，仅供演示）", settings.demo, remedy)
    return Finding(f"语音模型 {model.name}", True)


def _sherpa(settings: Settings) -> Finding:
    if not sherpa_recognizer.has_library():
        remedy = "运行 .venv/bin/pip install --require-hashes -r requirements/sherpa.lock"
        return Finding("识别引擎 sherpa-onnx", False, remedy)
    model = models.choose(settings)
    if model is None:
        folder = settings.transcription.models_dir
        remedy = (
            f"把流式模型文件夹（tokens.txt 和 .onnx 文件）放进 {folder}，或把 transcription.engine 改回 vosk"
        )
        return Finding("sherpa-onnx 语音模型", False, remedy)
    try:
        sherpa_recognizer.files_of(model.folder)
    except sherpa_recognizer.SherpaModelRefused as refused:
        return Finding(f"语音模型 {model.name}", False, str(refused))
    return Finding(f"语音模型 {model.name}（sherpa-onnx）", True)


def _processes(settings: Settings) -> Iterator[Finding]:
    try:
        running = AsteriskProcess(settings).is_running()
    except SetupIncomplete:  # told above
        running = False
    yield Finding("Asterisk 在运行", running, "运行 minsheng up")
    web = settings.web
    if not running:
        with socket.socket() as probe:
            taken = probe.connect_ex((reached_at(web), web.port)) == 0
        yield Finding(f"端口 {web.port} 可用", not taken, "另一个程序占用了它：改 settings.toml 的 web.port")
        return
    try:
        # The certificate is the instance's own; this request carries no secret
        answer = httpx.get(f"{base_url(web)}/healthz", timeout=3.0, verify=False)  # noqa: S501
        link = answer.json().get("link")
    except (httpx.HTTPError, ValueError):
        yield Finding("网页服务", False, f"看 {settings.log_dir / 'api.log'}")
        return
    yield Finding("网页服务", answer.status_code == 200, f"看 {settings.log_dir / 'api.log'}")
    yield Finding("话务控制连接", link == "up", "看 api.log 中的 ami；Asterisk 重启后会自动恢复")
