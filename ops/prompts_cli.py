"""`minsheng prompts`: what callers hear."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.config import default_state_dir
from ivr import prompts
from ops.instance import ensure_settings

app = typer.Typer(help="语音提示：列出、生成、检查。", no_args_is_help=True)
StateDir = Annotated[Path | None, typer.Option("--state-dir", help="实例文件夹")]


@app.command("list")
def list_all(state_dir: StateDir = None) -> None:
    """列出每条提示的文字和来源（合成或录音）。"""
    for prompt in prompts.list_prompts(ensure_settings(state_dir or default_state_dir())):
        typer.echo(str(prompt))


@app.command()
def build(state_dir: StateDir = None) -> None:
    """生成缺少的提示音；prompts/recorded 里的录音优先。"""
    prompts.build(ensure_settings(state_dir or default_state_dir()), typer.echo)


@app.command()
def check(state_dir: StateDir = None) -> None:
    """检查提示音是否齐全、可播放、时长合理。"""
    problems = prompts.check(ensure_settings(state_dir or default_state_dir()))
    for problem in problems:
        typer.echo(str(problem))
    if problems:
        raise typer.Exit(1)
    typer.echo("提示音齐全")
