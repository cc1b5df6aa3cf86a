"""Drafting: figures on authors never trained on, and how long a re-draft takes (docs/model-card.md)."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence

import pytest

from core.config import PROJECT_ROOT
from core.vocabulary import Speaker
from ops.draft_cli import regions
from tests.bench import reliability
from tickets.draft import judging
from tickets.draft.corpus import Example, read_corpus
from tickets.draft.drafter import Drafter
from tickets.draft.judging import Judged
from tickets.draft.model import Model
from tickets.draft.noise import Noise, Noisemaker
from tickets.draft.training import fit
from tickets.draft.turns import Turn

FOLDS = 4
DIAGRAM = PROJECT_ROOT / "docs" / "draft-reliability.svg"
Show = Callable[[str], None]


@pytest.fixture(name="show")
def _show(capsys: pytest.CaptureFixture[str]) -> Show:
    def print_now(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)

    return print_now


def folds(examples: Sequence[Example]) -> list[list[str]]:
    authors = sorted({example.author for example in examples})
    return [authors[start::FOLDS] for start in range(FOLDS)]


def rows(found: Sequence[Judged], show: Show) -> None:
    for field in judging.JUDGED:
        precision, recall, f1 = judging.precision_recall(found, field)
        show(
            f"| {field} | {judging.accuracy(found, field):.3f} | {precision:.3f} | {recall:.3f} | {f1:.3f} |"
        )
    hit, false = judging.alarms(found)
    show(f"| E1/E2 found | {hit:.3f} | false alarms | {false:.3f} | |")


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_figures_on_authors_never_trained_on(show: Show) -> None:
    examples = read_corpus()
    maker = Noisemaker((turn.text for one in examples for turn in one.turns), seed=99)
    found: dict[str, list[Judged]] = {"words": []} | {kind.value: [] for kind in Noise} | {"model": []}
    by_words = Drafter(regions())
    for left_out in folds(examples):
        model = fit([one for one in examples if one.author not in left_out])
        unseen = [one for one in examples if one.author in left_out]
        both = Drafter(regions(), model)
        found["words"] += judging.judge(by_words, unseen)
        found["model"] += judging.judge(Drafter(regions(), model, net=False), unseen)
        for kind in Noise:
            noisy = [Example(maker.turns(one.turns, kind), one.fields, one.author) for one in unseen]
            found[kind.value] += judging.judge(both, noisy)
        show(f"left out {', '.join(left_out)}: {len(unseen)} calls, alarm level {model.alarm_at:.2f}")
    for name, judged in found.items():
        show(
            f"\n### {name} ({len(judged)} calls)\n| field | exact | precision | recall | F1 |\n{'|---' * 5}|"
        )
        rows(judged, show)
    show("\n### clean, author by author\n| left out | calls | type | category | E1/E2 found | false alarms |")
    for author in sorted({one.author for one in found["clean"]}):
        show(by_author([one for one in found["clean"] if one.author == author], author))
    fields = {
        "type": "type",
        "category": "category",
        "emergency_class": "emergency class",
        "secret": "secret",
    }
    for field in fields:
        show(f"expected calibration error, {field}: {reliability.expected_error(found['clean'], field):.3f}")
    reliability.diagram(found["clean"], fields, DIAGRAM)


def by_author(judged: Sequence[Judged], author: str) -> str:
    hit, false = judging.alarms(judged)
    kind, category = judging.accuracy(judged, "type"), judging.accuracy(judged, "category")
    return f"| {author} | {len(judged)} | {kind:.3f} | {category:.3f} | {hit:.3f} | {false:.3f} |"


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_a_long_call_is_redrafted_quickly(show: Show) -> None:
    examples = read_corpus()
    began = time.perf_counter()
    model: Model = fit(examples)
    show(f"training on {len(examples)} calls: {time.perf_counter() - began:.1f} s")
    drafter = Drafter(regions(), model)
    calls: list[list[Turn]] = []
    for start in range(0, 400, 20):
        turns = [turn for one in examples[start : start + 20] for turn in one.turns]
        calls.append([turn for turn in turns if turn.speaker is Speaker.CALLER][:16])
    drafter.draft(calls[0])
    spent: list[float] = []
    for call in calls * 10:
        began = time.perf_counter()
        drafter.draft(call)
        spent.append((time.perf_counter() - began) * 1000)
    spent.sort()
    length = statistics.mean(sum(len(turn.text) for turn in call) for call in calls)
    show(
        f"re-draft of {length:.0f} characters: p50 {spent[len(spent) // 2]:.1f} ms, "
        f"p95 {spent[int(len(spent) * 0.95)]:.1f} ms"
    )
    tracemalloc.start()
    for call in calls * 5:
        drafter.draft(call)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    show(f"kept after 100 more drafts: {kept / 1024:.0f} KiB")
