"""Drafting: figures on authors never trained on, and how long a re-draft takes (docs/model-card.md)."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from core.config import PROJECT_ROOT
from core.vocabulary import Speaker
from ops.draft_cli import regions
from ops.draft_words import ensure_encoder
from ops.setup_steps import ensure_shared_draft_model
from tests.bench import reliability
from tickets.draft import judging
from tickets.draft.corpus import Example, read_corpus, read_lines
from tickets.draft.drafter import Drafter
from tickets.draft.judging import Judged
from tickets.draft.model import MODEL_NAME, load
from tickets.draft.noise import Noise, Noisemaker
from tickets.draft.training import fit, fit_corpus
from tickets.draft.turns import Turn

FOLDS = 5
WORKERS = 2
EVERY = 6
"""Of the left-out calls every so many are judged in the lesser variants too; all would take an hour."""
SEALED = PROJECT_ROOT / "tests" / "data" / "sealed"
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


def judged_without(left_out: Sequence[str]) -> tuple[dict[str, list[Judged]], str]:
    """These authors' calls by a model that saw none of their lines: lesser variants on some."""
    examples = read_corpus()
    maker = Noisemaker((turn.text for one in examples for turn in one.turns), seed=99)
    model = fit([one for one in examples if one.author not in left_out], ensure_encoder(print))
    unseen = [one for one in examples if one.author in left_out]
    both = Drafter(regions(), model)
    some = unseen[::EVERY]
    found = {
        "words": judging.judge(Drafter(regions()), unseen),
        "clean": judging.judge(both, unseen),
        "model": judging.judge(Drafter(regions(), model, net=False), some),
    }
    for kind in (Noise.HOMOPHONES, Noise.DROPPED, Noise.SPACES):
        noisy = [Example(maker.turns(one.turns, kind), one.fields, one.author) for one in some]
        found[kind.value] = judging.judge(both, noisy)
    note = f"left out {', '.join(left_out)}: {len(unseen)} calls, alarm level {model.alarm_at:.2f}"
    return found, note


@pytest.mark.bench
@pytest.mark.timeout(5400)
def test_figures_on_authors_never_trained_on(show: Show) -> None:
    found: dict[str, list[Judged]] = {}
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for judged, note in pool.map(judged_without, folds(read_corpus())):
            show(note)
            for name, rows_of in judged.items():
                found.setdefault(name, []).extend(rows_of)
    for name, judged_so in found.items():
        table(name, judged_so, show)
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
    for line in reliability.table(found["clean"], fields):
        show(line)
    reliability.diagram(found["clean"], fields, DIAGRAM)


def table(name: str, judged: Sequence[Judged], show: Show) -> None:
    show(f"\n### {name} ({len(judged)} calls)\n| field | exact | precision | recall | F1 |\n{'|---' * 5}|")
    rows(judged, show)


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_figures_on_the_sealed_sets(show: Show) -> None:
    """The model as set-up trains it, on calls by hands that wrote nothing it was taught; figures only."""
    model = load(ensure_shared_draft_model(show) / MODEL_NAME)
    for name in ("a", "b", "c", "d", "e", "f", "g", "h"):
        lines = (SEALED / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        unseen = read_lines(lines, f"sealed-{name}")
        for how, drafter in (("words", Drafter(regions())), ("both", Drafter(regions(), model))):
            table(f"sealed {name}, {how}", judging.judge(drafter, unseen), show)


def by_author(judged: Sequence[Judged], author: str) -> str:
    hit, false = judging.alarms(judged)
    kind, category = judging.accuracy(judged, "type"), judging.accuracy(judged, "category")
    return f"| {author} | {len(judged)} | {kind:.3f} | {category:.3f} | {hit:.3f} | {false:.3f} |"


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_how_long_training_takes(show: Show) -> None:
    encoder = ensure_encoder(show)
    began = time.process_time()
    model = fit_corpus(encoder)
    show(f"training on {model.about['calls']} calls: {time.process_time() - began:.0f} s of processor time")


@pytest.mark.bench
@pytest.mark.timeout(1800)
def test_a_long_call_is_redrafted_quickly(show: Show) -> None:
    """As in the console: a call grows turn by turn and is drafted whole after each."""
    examples = read_corpus()
    drafter = Drafter(regions(), load(ensure_shared_draft_model(show) / MODEL_NAME))
    calls: list[list[Turn]] = []
    for start in range(0, 1200, 20):
        turns = [turn for one in examples[start : start + 20] for turn in one.turns]
        calls.append([turn for turn in turns if turn.speaker is Speaker.CALLER][:16])
    drafter.draft(calls[0])
    whole: list[float] = []
    grown: list[float] = []
    for call in calls[1:]:
        for length in range(1, len(call) + 1):
            began = time.perf_counter()
            drafter.draft(call[:length])
            grown.append((time.perf_counter() - began) * 1000)
        whole.append(grown[-1])
    length = statistics.mean(sum(len(turn.text) for turn in call) for call in calls)
    for name, spent in (("turn by turn", grown), (f"at its full {length:.0f} characters", whole)):
        spent.sort()
        show(
            f"re-draft of a growing call, {name}: p50 {spent[len(spent) // 2]:.1f} ms, "
            f"p95 {spent[int(len(spent) * 0.95)]:.1f} ms"
        )
    tracemalloc.start()
    for call in calls * 2:
        drafter.draft(call)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    show(f"kept after {len(calls) * 2} more drafts: {kept / 1024:.0f} KiB")
