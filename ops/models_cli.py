"""`minsheng model`: speech models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.config import default_state_dir, load_settings
from transcription import loading, model_check, model_install, models

app = typer.Typer(help="语音模型：安装、列出、检查。", no_args_is_help=True)
StateDir = Annotated[Path | None, typer.Option("--state-dir", help="实例文件夹")]

WAYS = {
    "wide": "宽带原声",
    "telephone+bare": "电话频带，仅升采样",
    "telephone+noise": "电话频带，补噪声（现用）",
    "telephone+fold": "电话频带，频谱折叠",
}


@app.command()
def install(
    name: Annotated[str, typer.Argument(help="官方模型名或 zip 文件")] = "vosk-model-small-cn-0.22",
    state_dir: StateDir = None,
    sha256: Annotated[str, typer.Option(help="应有的 sha256，来自可靠来源")] = "",
    accept_changed: Annotated[bool, typer.Option(help="与上次安装的不同也接受")] = False,
    source: Annotated[str, typer.Option(help="官方模型的下载地址，可换成镜像")] = model_install.OFFICIAL,
) -> None:
    """下载（可续传、校验）或从 zip 安装一个 Vosk 模型；正在运行而没有模型的热线几秒内自动启用。"""
    settings = load_settings(state_dir or default_state_dir())
    wanted = model_install.Source(source.rstrip("/"), sha256, accept_changed)
    model_install.install(settings, name, typer.echo, wanted)


@app.command("list")
def list_all(state_dir: StateDir = None) -> None:
    """列出已安装的模型；* 为使用中。"""
    settings = load_settings(state_dir or default_state_dir())
    chosen = models.choose(settings)
    found = models.installed(settings)
    for model in found:
        mark = "*" if chosen is not None and model.name == chosen.name else " "
        kind = "（代替，仅验证通路）" if model.stand_in else f"（{model.engine}）"
        typer.echo(f"{mark} {model.name}{kind}")
    if chosen is None:
        typer.echo(f"没有安装模型；转写关闭（引擎 {settings.transcription.engine}）")


@app.command()
def check(
    wavs: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="录音；同名 .txt 为原文")],
    state_dir: StateDir = None,
    texts: Annotated[bool, typer.Option("--texts", help="也打印听到的文字")] = False,
) -> None:
    """用给出的录音量一量：电话频带让这个模型差多少，各种前端能补回多少。"""
    model = models.choose(load_settings(state_dir or default_state_dir()))
    if model is None:
        typer.echo("没有安装模型")
        raise typer.Exit(1)
    make = loading.load(model)
    rows = [row for wav in wavs for row in model_check.check(make, wav)]
    out = Console(highlight=False, width=100)
    out.print(_table(model.name, rows))
    if texts:
        for row in rows:
            out.print(f"{row.file}  {WAYS[row.way]}：{row.text}", markup=False)


def _table(name: str, rows: Iterable[model_check.Row]) -> Table:
    by_way: dict[str, list[model_check.Row]] = defaultdict(list)
    for row in rows:
        by_way[row.way].append(row)
    table = Table(title=name, caption="字差：与原文（.txt）比；没有原文则与宽带原声的结果比。越小越好")
    for heading in ("听法", "录音", "字差", "CPU 秒/秒"):
        table.add_column(heading, justify="left" if heading == "听法" else "right")
    for way, found in by_way.items():
        far = [row.distance for row in found if row.distance is not None]
        shown = f"{fmean(far):.3f}" if far else "（基准）"
        table.add_row(WAYS[way], str(len(found)), shown, f"{fmean(row.cpu_ratio for row in found):.2f}")
    return table
