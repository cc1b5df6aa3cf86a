"""The `minsheng` command."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
import tomllib
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from core.config import Mode, Settings, default_state_dir, load_settings
from core.errors import HotlineError
from ops import doctor as doctor_checks
from ops import draft_cli, models_cli, prompts_cli, setup_steps
from ops.account_cli import ask_administrator
from ops.account_cli import unlock as unlock_login
from ops.smoke import place_call, run_smoke
from ops.smoke_bridge import run_bridge_smoke
from ops.supervisor import Supervisor
from transcription import models

app = typer.Typer(
    help="民生之声 56564444：安装、启动、检查、试拨。",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(prompts_cli.app, name="prompts")
app.add_typer(models_cli.app, name="model")
app.command("draft")(draft_cli.draft)
app.command("train")(draft_cli.train)
out = Console(highlight=False)

StateDir = Annotated[Path | None, typer.Option("--state-dir", help="实例文件夹；默认 var/hotline")]


def _say(line: str) -> None:
    out.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim] {line}")


@app.command()
def setup(
    state_dir: StateDir = None,
    runtime_only: Annotated[bool, typer.Option(help="只准备运行环境，不建实例")] = False,
    production: Annotated[bool, typer.Option(help="正式模式：没有演示账号")] = False,
    lan: Annotated[
        str, typer.Option(help="局域网地址和坐席网段，如 192.0.2.10/24：用 HTTPS 和 WSS 服务（正式模式）")
    ] = "",
) -> None:
    """准备一个实例：运行环境、语音提示、配置、数据库、账号。可以反复运行。"""
    folder = state_dir or default_state_dir()
    if runtime_only:
        setup_steps.ensure_runtime(load_settings(folder), _say)
        setup_steps.ensure_shared_draft_model(_say)
        return
    mode = Mode.PRODUCTION if production else None
    if lan:
        setup_steps.serve_lan(folder, lan, mode=mode)
    setup_steps.prepare(folder, _say, mode=mode)
    _say("安装就绪")


@app.command()
def up(
    state_dir: StateDir = None,
    demo: Annotated[bool | None, typer.Option("--demo/--production", help="演示或正式模式")] = None,
) -> None:
    """启动热线；Ctrl-C 停止全部。"""
    setup_steps.raise_open_files()
    mode = None if demo is None else (Mode.DEMO if demo else Mode.PRODUCTION)
    prepared = setup_steps.prepare(state_dir or default_state_dir(), _say, mode=mode)
    settings = prepared.settings
    if not settings.demo and not asyncio.run(setup_steps.has_administrator(settings)):
        ask_administrator(settings)
    supervisor = Supervisor(settings, _say)
    wanted: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: wanted.append(got))
    began = time.monotonic()
    supervisor.start()
    if not supervisor.wait_ready(60.0) and not wanted:
        supervisor.give_up()
        raise typer.Exit(_fail(f"60 秒内没有就绪，请看 {settings.log_dir} 下的日志，或运行 minsheng doctor"))
    _banner(settings, supervisor.base_url(), prepared.demo_password, time.monotonic() - began)
    while not wanted:
        supervisor.tick()
        time.sleep(0.2)
    _say("正在停止……")
    supervisor.stop()
    _say("已全部停止")


def _banner(settings: Settings, url: str, password: str | None, seconds: float) -> None:
    out.print(f"\n[bold]民生之声 {settings.asterisk.hotline_number} 已启动[/bold]（{seconds:.1f} 秒）")
    out.print(f"  坐席控制台  {url}/seat      大屏  {url}/wall")
    if settings.demo:
        out.print(f"  群众电话    {url}/demo/phone（演示）")
        out.print("  演示账号    op01 … op10（话务员）、leader（班长）、head（负责人）、admin")
        out.print(f"  演示密码    {password}")
    number = settings.asterisk.hotline_number
    out.print(f"  SIP 拨打    sip:{number}@{settings.asterisk.sip_address}:{settings.asterisk.sip_port}")
    model = models.choose(settings)
    if model is None:
        out.print("  语音模型    未安装，转写关闭：minsheng model install vosk-model-small-cn-0.22")
    elif model.stand_in:
        out.print(f"  语音模型    {model.name}（[bold]韩语模型代替，仅验证通路[/bold]）")
    else:
        out.print(f"  语音模型    {model.name}")
    out.print("  停止        Ctrl-C\n")


@app.command()
def doctor(state_dir: StateDir = None) -> None:
    """检查这台机器和实例：哪里不对，怎么办。"""
    findings = doctor_checks.examine(load_settings(state_dir or default_state_dir()))
    for finding in findings:
        mark = "[green]✓[/green]" if finding.ok else "[red]✗[/red]"
        out.print(f"{mark} {finding.what}" + ("" if finding.ok else f"\n    怎么办：{finding.remedy}"))
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@app.command()
def unlock(login: Annotated[str, typer.Argument(help="账号")], state_dir: StateDir = None) -> None:
    """解除这个账号的登录限制（输错密码太多次）。"""
    forgotten = unlock_login(load_settings(state_dir or default_state_dir()), login)
    out.print(f"已解除 {login} 的登录限制（{forgotten} 次输错）")


@app.command()
def call(
    wav: Annotated[Path, typer.Argument(help="群众要说的话，WAV 文件", exists=True, dir_okay=False)],
    state_dir: StateDir = None,
    number: Annotated[str, typer.Option(help="来电号码")] = "13800001234",
) -> None:
    """用一部真实的 SIP 电话拨打正在运行的热线，播放 WAV，打印通话、转写和工单（JSON）。"""
    result = place_call(load_settings(state_dir or default_state_dir()), wav, number)
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2) + "\n")


@app.command()
def smoke(
    as_json: Annotated[bool, typer.Option("--json", help="只打印一行 JSON")] = False,
    bridge: Annotated[bool, typer.Option("--bridge", help="按一次一键三方，三部电话接听")] = False,
) -> None:
    """安装检查：在临时文件夹里启动整套系统，打一通电话，量时间，全部停止。"""
    run = run_bridge_smoke if bridge else run_smoke
    result = run((lambda _line: None) if as_json else _say)
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    if not result["ok"]:
        raise typer.Exit(1)


def _fail(line: str) -> int:
    out.print(line, style="red", markup=False)  # what other programs said may look like markup
    return 1


def main() -> None:
    """Run the command; an expected refusal is one sentence, not a traceback."""
    try:
        app()
    except HotlineError as error:
        sys.exit(_fail(str(error)))
    except tomllib.TOMLDecodeError as error:
        sys.exit(_fail(f"settings.toml 读不懂：{error}"))
    except ValidationError as error:
        # Without the values: one of them may be a secret
        wrong = [
            f"{'.'.join(map(str, one['loc']))}：{one['msg']}" for one in error.errors(include_input=False)
        ]
        sys.exit(_fail(f"配置（settings.toml 或 MINSHENG_ 环境变量）有误：{'；'.join(wrong)}"))
