"""How far a draft's confidence can be believed: expected calibration error and a reliability diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tickets.draft.judging import Judged

BINS = 10
_SIDE = 220
_PAD = 34
_TITLE = 24


@dataclass(frozen=True)
class Bin:
    """Calls whose stated confidence lies in one tenth."""

    calls: int
    said: float
    right: float


def bins(found: Sequence[Judged], field: str) -> list[Bin]:
    """The tenths that hold any call, from unsure to sure."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for one in found:
        sure = one.sure[field]
        held[min(int(sure * BINS), BINS - 1)].append((sure, one.wanted[field] == one.drafted[field]))
    return [
        Bin(
            len(inside),
            sum(sure for sure, _ in inside) / len(inside),
            sum(ok for _, ok in inside) / len(inside),
        )
        for inside in held
        if inside
    ]


def expected_error(found: Sequence[Judged], field: str) -> float:
    """Mean distance between what was said and what was right, each call counting once."""
    return sum(one.calls * abs(one.said - one.right) for one in bins(found, field)) / len(found)


def table(found: Sequence[Judged], fields: Mapping[str, str]) -> list[str]:
    """Markdown: a row a tenth of confidence, a column a field: share right, of how many calls."""
    lines = [f"| said | {' | '.join(fields.values())} |", "|---" * (len(fields) + 1) + "|"]
    tenths = {
        field: {min(int(one.said * BINS), BINS - 1): one for one in bins(found, field)} for field in fields
    }
    for tenth in range(BINS):
        cells = [
            f"{one.right:.3f} of {one.calls}" if (one := tenths[field].get(tenth)) else "" for field in fields
        ]
        if any(cells):
            lines.append(f"| {tenth / BINS:.1f}–{(tenth + 1) / BINS:.1f} | {' | '.join(cells)} |")
    return lines


def diagram(found: Sequence[Judged], fields: Mapping[str, str], file: Path) -> None:
    """Write one SVG with a square a field: the dashed line is perfect, a dot's size says how many calls."""
    wide = _SIDE + 2 * _PAD
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide * len(fields)}" height="{wide + _TITLE}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, (field, title) in enumerate(fields.items()):
        parts.append(_square(found, field, title, number * wide))
    parts.append("</svg>\n")
    file.write_text("\n".join(parts), encoding="utf-8")


def _square(found: Sequence[Judged], field: str, title: str, left: int) -> str:
    drawn = [
        f'<g transform="translate({left + _PAD},{_TITLE + 6})">',
        f'<text x="{_SIDE / 2}" y="-10" text-anchor="middle">{title}, '
        f"ECE {expected_error(found, field):.3f}</text>",
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="0" y1="{_SIDE}" x2="{_SIDE}" y2="0" stroke="#999" stroke-dasharray="4 4"/>',
        f'<text x="{_SIDE / 2}" y="{_SIDE + 28}" text-anchor="middle">said</text>',
        f'<text x="-22" y="{_SIDE / 2}" text-anchor="middle" '
        f'transform="rotate(-90 -22 {_SIDE / 2})">right</text>',
    ]
    for tick in (0.0, 0.5, 1.0):
        drawn.append(f'<text x="{tick * _SIDE}" y="{_SIDE + 14}" text-anchor="middle">{tick:g}</text>')
        drawn.append(f'<text x="-4" y="{_SIDE * (1 - tick) + 4}" text-anchor="end">{tick:g}</text>')
    points = bins(found, field)
    line = " ".join(f"{one.said * _SIDE:.1f},{(1 - one.right) * _SIDE:.1f}" for one in points)
    drawn.append(f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>')
    for one in points:
        size = 2 + 8 * (one.calls / len(found)) ** 0.5
        drawn.append(
            f'<circle cx="{one.said * _SIDE:.1f}" cy="{(1 - one.right) * _SIDE:.1f}" r="{size:.1f}" '
            'fill="#1f5fa8" fill-opacity="0.6"/>'
        )
    drawn.append("</g>")
    return "\n".join(drawn)
