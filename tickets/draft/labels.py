"""Whether a corpus line's labels agree with the written guide (docs/labelling.md)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from tickets.draft.agreement import TYPES_IN_DANGER
from tickets.draft.corpus import Example

TYPES = ("求助", "投诉", "举报", "咨询", "建议", "表扬", "其他")
CLASSES = ("E1", "E2", "E3", "E4", "none")
URGENCY: Mapping[str, str] = {"E1": "特急", "E2": "紧急"}
ORDINARY = "一般"
PRAISE = "1207"
_AMOUNT = re.compile(r"\d+(?:\.\d+)?元")
_PHONE = re.compile(r"1\d{10}|0\d{9,11}|[2-9]\d{6,7}")
_UNSPOKEN = re.compile(r"[0-9|，。！？、；：“”]")


def complaints(
    example: Example, categories: Collection[str], villages: Mapping[str, str], towns: Collection[str]
) -> Iterator[str]:
    """What is wrong with a call's labels; `villages` maps each village to its town."""
    fields = example.fields
    if fields["type"] not in TYPES:
        yield f"type {fields['type']}"
    if fields["category"] not in categories:
        yield f"category {fields['category']}"
    if (fields["type"] == "表扬") != (fields["category"] == PRAISE):
        yield "praise and 1207 belong together"
    if fields["village"] and villages.get(fields["village"]) != fields["town"]:
        yield f"village {fields['village']} is not of {fields['town'] or 'no town'}"
    if fields["town"] and fields["town"] not in towns:
        yield f"town {fields['town']}"
    yield from _danger(fields)
    yield from _written(example)


def _danger(fields: Mapping[str, str]) -> Iterator[str]:
    named, hidden = fields["emergency_class"], fields["secret"]
    if named not in CLASSES or hidden not in ("0", "1"):
        yield f"class {named}, secret {hidden}"
    if fields["urgency"] != URGENCY.get(named, ORDINARY):
        yield f"urgency {fields['urgency']} for {named}"
    if named in ("E4", "none") and (named == "E4") != (hidden == "1"):
        yield f"{named} with secret {hidden}"
    if fields["type"] not in TYPES_IN_DANGER.get(named, TYPES):
        yield f"{named} as {fields['type']}"


def _written(example: Example) -> Iterator[str]:
    fields = example.fields
    if fields["amount"] and not _AMOUNT.fullmatch(fields["amount"]):
        yield f"amount {fields['amount']}"
    if fields["phone"] and not _PHONE.fullmatch(fields["phone"]):
        yield f"phone {fields['phone']}"
    if not example.turns:
        yield "nothing said"
    for turn in example.turns:
        if _UNSPOKEN.search(turn.text):
            yield f"not as a recogniser writes: {turn.text[:20]}"
