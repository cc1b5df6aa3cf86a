"""`minsheng draft` and `minsheng train`: the drafting engine on anybody's words, and its model."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from core.config import PROJECT_ROOT, default_state_dir
from ops.call_lines import BadLine, read_call
from ops.draft_words import ensure_encoder
from ops.lessons import read_lessons
from ops.stored_corrections import stored_lines
from tickets.draft import judging
from tickets.draft.corpus import CORPUS, Example
from tickets.draft.drafter import Drafter
from tickets.draft.gazetteer import Region
from tickets.draft.model import MODEL_NAME, Model, ModelRefused, load, save
from tickets.draft.turns import Draft

REGIONS = PROJECT_ROOT / "db" / "data" / "regions.csv"
StateDir = Annotated[Path | None, typer.Option("--state-dir", help="实例文件夹；默认 var/hotline")]


def model_file(state_dir: Path | None = None) -> Path:
    """Where an instance keeps its drafting model."""
    return (state_dir or default_state_dir()) / MODEL_NAME


def regions() -> list[Region]:
    """The county's towns and villages from the reference data."""
    with REGIONS.open(encoding="utf-8", newline="") as file:
        return [Region(row["town"], row["village"] or None) for row in csv.DictReader(file)]


def fits(file: Path) -> bool:
    """Whether there is a model that this code can use."""
    return _current(file) is not None


def corpus_digest() -> str:
    """Another corpus, another digest."""
    digest = hashlib.sha256()
    for file in sorted(CORPUS.glob("*.txt")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def ensure_model(state_dir: Path, say: Callable[[str], None]) -> None:
    """Train the drafting model if there is none that fits this code (set-up)."""
    from tickets.draft.training import fit_corpus

    file = model_file(state_dir)
    try:
        load(file)
    except ModelRefused as refused:
        encoder = ensure_encoder(say)
        say(f"起草模型：{refused.reason}，正在训练（约五分钟）")
        save(fit_corpus(encoder), file)
        say("起草模型就绪" if encoder else "起草模型就绪（不带词义）")


def draft(
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="从标准输入读 JSON 行，向标准输出写 JSON 行")
    ] = False,
    state_dir: StateDir = None,
    words_only: Annotated[bool, typer.Option("--words-only", help="不用模型，只用词表")] = False,
) -> None:
    """把通话文字起草成工单字段，与坐席台同一套程序。"""
    if not jsonl:
        typer.echo("请加 --jsonl，并从标准输入提供每行一个通话", err=True)
        raise typer.Exit(2)
    model = None if words_only else _model_or_words(model_file(state_dir))
    drafter = Drafter(regions(), model)
    bad = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        try:
            call_id, turns = read_call(line)
        except BadLine as error:
            bad += 1
            typer.echo(f"第 {number} 行：{error}", err=True)
            continue
        row = {"id": call_id, **as_row(drafter.draft(turns))}
        # UTF-8 as it came in, whatever this terminal's own words are
        sys.stdout.buffer.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    if bad:
        typer.echo(f"{bad} 行有误，其余已完成", err=True)
        raise typer.Exit(2)


def train(
    state_dir: StateDir = None,
    corrections: Annotated[
        Path | None,
        typer.Option(help="更正过的通话（JSON 行）；不给就用实例里存下的", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """用语料和更正重新训练起草模型；在留出的通话上变差就不采用。"""
    from tickets.draft.training import corpus_parts, fit

    file = model_file(state_dir)
    current = _current(file)
    kept, taught = corpus_parts()
    lines = corrections.read_bytes() if corrections is not None else stored_lines(state_dir)
    if lines:
        fixed = _lessons(lines, Drafter(regions(), current))
        kept += [one for one in fixed if judging.kept_back(one)]
        taught += [one for one in fixed if not judging.kept_back(one)]
        typer.echo(f"更正 {len(fixed)} 条")
    encoder = ensure_encoder(typer.echo)
    candidate = fit(taught, encoder)
    new = judging.judge(Drafter(regions(), candidate), kept)
    with_words = "带词义" if encoder else "不带词义"
    typer.echo(f"新模型：训练 {len(taught)} 条，留出 {len(kept)} 条，{with_words}，{_told(new)}")
    if current is not None:
        old = judging.judge(Drafter(regions(), current), kept)
        typer.echo(f"现用模型：{_told(old)}")
        if worse := judging.worse(new, old):
            typer.echo(f"新模型在留出的通话上更差（{'、'.join(worse)}），没有采用", err=True)
            raise typer.Exit(1)
    save(candidate, file)
    typer.echo(f"已采用：{file}")


def as_row(drafted: Draft) -> dict[str, Any]:
    """A draft's values alone, null where unknown."""
    return {name: getattr(drafted, name).value for name in judging.JUDGED}


def _lessons(lines: bytes, drafter: Drafter) -> list[Example]:
    try:
        return list(read_lessons(lines, drafter))
    except BadLine as error:
        raise typer.BadParameter(str(error)) from error


def _told(found: Sequence[judging.Judged]) -> str:
    hit, false = judging.alarms(found)
    return f"综合 {judging.overall(found):.3f}，险情认出 {hit:.3f}，误报 {false:.3f}"


def _current(file: Path) -> Model | None:
    try:
        return load(file)
    except ModelRefused:
        return None


def _model_or_words(file: Path) -> Model | None:
    try:
        return load(file)
    except ModelRefused as refused:
        typer.echo(str(refused), err=True)
        return None
