"""`minsheng model`: speech models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.config import default_state_dir, load_settings
from transcription import front_end, models

app = typer.Typer(help="语音模型：安装、列出、检查。", no_args_is_help=True)
StateDir = Annotated[Path | None, typer.Option("--state-dir", help="实例文件夹")]


@app.command()
def install(
    name: Annotated[str, typer.Argument(help="官方模型名或 zip 文件")] = "vosk-model-small-cn-0.22",
    state_dir: StateDir = None,
) -> None:
    """下载（可续传、校验）或从 zip 安装一个 Vosk 模型。"""
    models.install(load_settings(state_dir or default_state_dir()), name, typer.echo)


@app.command("list")
def list_all(state_dir: StateDir = None) -> None:
    """列出已安装的模型；* 为使用中。"""
    settings = load_settings(state_dir or default_state_dir())
    chosen = models.choose(settings)
    found = models.installed(settings)
    for model in found:
        mark = "*" if chosen is not None and model.name == chosen.name else " "
        typer.echo(f"{mark} {model.name}")
    if not found:
        typer.echo("没有安装模型；转写关闭")


@app.command()
def check(
    wav: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="16 kHz 单声道 WAV")],
    state_dir: StateDir = None,
) -> None:
    """量一量电话频带对这个模型的影响，比较各种前端。"""
    model = models.choose(load_settings(state_dir or default_state_dir()))
    if model is None:
        typer.echo("没有安装模型")
        raise typer.Exit(1)
    typer.echo(str(front_end.check_model(model, wav)))
