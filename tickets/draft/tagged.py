"""Fields whose words a trained tagger marks: whom it is about, and where exactly.

What the rules propose is one of its clues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tickets.draft import details, whom
from tickets.draft.heard import BREAK, Heard
from tickets.draft.numbers import render
from tickets.draft.retold import told_at_last
from tickets.draft.tagger import Marks, Tagger
from tickets.draft.turns import Field

TAGGED = ("place_detail", "respondent")
AGREED, ALONE = 0.7, 0.55
"""How sure a value is that the rules propose as well, and one that they do not."""
Span = tuple[int, int]


def respondent(heard: Heard, kind: str | None, taggers: Mapping[str, Tagger]) -> Field[str]:
    """Whom it is about, by the tagger where there is one, else by the rules."""
    rule = whom.find_respondent(heard, kind)
    tagger = taggers.get("respondent")
    if tagger is None or kind not in whom.KINDS:
        return rule
    return _said(heard, tagger.find(heard, marks_of_respondent(heard, kind)), rule)


def place_detail(
    heard: Heard, places: Sequence[Span], known: Sequence[str], taggers: Mapping[str, Tagger]
) -> Field[str]:
    """Where exactly, by the tagger where there is one, else by the rules."""
    rule = details.find_detail(heard, places, known)
    tagger = taggers.get("place_detail")
    if tagger is None:
        return rule
    return _said(heard, tagger.find(heard, marks_of_place(heard, places)), rule, in_figures=True)


def marks_of_respondent(heard: Heard, kind: str) -> Marks:
    """Parties the rules see, the one that they choose, and the call's type."""
    rule = _proposed(heard, whom.find_respondent(heard, kind))
    named = _marked("n", heard, whom.named(heard.text))
    return [named, _marked("r", heard, rule), [f"mk{kind}"] * len(heard.text)]


def marks_of_place(heard: Heard, places: Sequence[Span]) -> Marks:
    """House numbers, what the rules choose without names learnt, towns and villages and what follows them."""
    houses = [(start, end) for start, end, _ in details.houses(heard.text)]
    rule = _proposed(heard, details.find_detail(heard, places))
    after = [(end, min(end + 2, len(heard.text))) for _, end in places]
    known = {"h": houses, "r": rule, "v": places, "a": after}
    return [_marked(name, heard, spans) for name, spans in known.items()]


def _marked(name: str, heard: Heard, spans: Iterable[Span]) -> list[str]:
    marks = [f"m{name}-"] * len(heard.text)
    for start, end in spans:
        for at in range(start, end):
            marks[at] = f"m{name}b" if at == start else f"m{name}i"
    return marks


def _proposed(heard: Heard, rule: Field[str]) -> list[Span]:
    """Where in the clean words a rule's value stands."""
    said = rule.evidence
    if said is None:
        return []
    at = [
        place
        for place, char in enumerate(heard.chars)
        if char.turn == said.turn and said.start <= char.at < said.end and char.text != BREAK
    ]
    return [(at[0], at[-1] + 1)] if at else []


def _beginning(spans: Sequence[Span], first: int, last: int) -> Span | None:
    return next((span for span in spans if first <= span[0] <= last), None)


def _said(heard: Heard, span: Span | None, rule: Field[str], *, in_figures: bool = False) -> Field[str]:
    if span is None:
        return Field()
    known = _proposed(heard, rule)
    span = told_at_last(heard.text, span, lambda first, last: _beginning(known, first, last))
    value = heard.text[slice(*span)]
    if in_figures:
        value = render(value)
    return Field(value, AGREED if value == rule.value else ALONE, heard.evidence(*span))
