"""From speech turns to a draft: the model where there is one, the lexicons under it, rules for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache

from tickets.draft import by_words, money, secrecy, tagged, when
from tickets.draft.agreement import agreed
from tickets.draft.gazetteer import Gazetteer, Region
from tickets.draft.heard import BREAK, Heard, hear
from tickets.draft.lexicons import rows
from tickets.draft.model import ALARM_AT, SECRET_AT, Model
from tickets.draft.phones import find_phone
from tickets.draft.places import Places
from tickets.draft.tagger import Tagger
from tickets.draft.told_apart import told_apart
from tickets.draft.turns import CALLER, Draft, Evidence, Field, Turn

NET_SHARE = 0.6
"""A plainly named, unguarded emergency needs only this much of the level at which the model alone alarms."""
APART_SHARE = 1.2
"""Turns judged apart alarm from this much of the level: what is left out may take them back."""
SUREST = 0.98
UNSURE = 0.5
_WINDOW = 140
_REMEMBERED = 256
_ASK_ORDER = ("category", "place", "event_time", "respondent", "phone", "secret")
_GRAVEST = "E1"
_URGENCY = {"E1": "特急", "E2": "紧急"}
Chances = Mapping[str, Mapping[str, float]]


class Drafter:
    """Built once an instance; every call of `draft` stands alone.

    The last few stretches of speech stay judged, so that a growing call is cheap to draft again.
    """

    def __init__(self, regions: Iterable[Region], model: Model | None = None, *, net: bool = True) -> None:
        """`net`: whether lexicons and cues back the model up; off only to measure the model alone."""
        self._places = Places(Gazetteer(regions))
        self._model = model
        self._net = net
        self._judged = lru_cache(maxsize=_REMEMBERED)(self._judge_part)

    def draft(self, turns: Sequence[Turn]) -> Draft:
        """Draft every field from what the caller has said so far."""
        heard = hear(turns)
        chances = self._chances(heard)
        dangers = self._danger(heard, turns, chances)
        types, categories = agreed(chances["type"], chances["category"], str(dangers.value))
        kind = _likeliest(types, heard, "kinds", "type")
        category = _likeliest(categories, heard, "categories", "category")
        town, village = self._places.find(heard)
        taggers: Mapping[str, Tagger] = self._model.taggers if self._model else {}
        named = [(one.start, one.end) for one in self._places.mentions(heard)]
        secret = self._secret(heard, turns, chances)
        emergency = dangers
        if dangers.value == "none" and secret.value:
            emergency = Field("E4", secret.confidence, secret.evidence)
        texts: dict[str, Field[str]] = {
            "type": kind,
            "category": category,
            "town": town,
            "village": village,
            "place_detail": tagged.place_detail(
                heard, named, self._model.known_places if self._model else (), taggers
            ),
            "phone": find_phone(heard),
            "event_time": when.find_time(heard, kind.value),
            "amount": money.find_amount(heard),
            "urgency": _urgency(emergency),
            "emergency_class": emergency,
            "respondent": tagged.respondent(heard, kind.value, taggers),
        }
        missing = _missing(texts, secret)
        return Draft(**texts, secret=secret, missing=missing, model_used=self._model is not None)

    def _chances(self, heard: Heard) -> Chances:
        if self._model is None or not heard.text:
            return by_words.chances(heard)
        return self._model.chances(heard)

    def _danger(self, heard: Heard, turns: Sequence[Turn], chances: Chances) -> Field[str]:
        """The gravest danger that the call, a stretch of it or a single turn shows."""
        if self._model is None:
            return _graded(heard, chances["danger"], ALARM_AT, with_model=False)
        level, net = self._model.alarm_at, self._net
        best = _graded(heard, chances["danger"], level, with_model=net)
        for start, said in _windows(turns):
            part, likely = self._judged(said)
            found = _graded(part, likely["danger"], level, with_model=net)
            best = _graver(best, found, range(start, len(turns)))
        for chosen in told_apart(turns):
            if best.value == _GRAVEST:
                break
            part, likely = self._judged(tuple(turns[at] for at in chosen))
            found = _graded(part, likely["danger"], min(APART_SHARE * level, SUREST), with_model=net)
            if found.value in _URGENCY:
                best = _graver(best, found, chosen)
        return best

    def _secret(self, heard: Heard, turns: Sequence[Turn], chances: Chances) -> Field[bool]:
        """Asked for anywhere in the call, as cues and model see it together."""
        cues = secrecy.likely(heard)
        likely = chances["secret"].get("1", 0.0)
        if self._model is not None:
            for _, said in _windows(turns):
                likely = max(likely, self._judged(said)[1]["secret"].get("1", 0.0))
            likely = secrecy.together(likely, cues) if self._net else likely
        secret = likely >= (self._model.secret_at if self._model is not None else SECRET_AT)
        return Field(
            secret, likely if secret else 1 - likely, _words_of(heard, "secrecy") if secret else None
        )

    def _judge_part(self, turns: tuple[Turn, ...]) -> tuple[Heard, Chances]:
        heard = hear(turns)
        return heard, self._chances(heard)


def _windows(turns: Sequence[Turn]) -> list[tuple[int, tuple[Turn, ...]]]:
    """A long call in stretches, so that one sentence is not drowned by the others."""
    if sum(len(turn.text) for turn in turns if turn.speaker is CALLER) <= _WINDOW:
        return []
    parts: list[tuple[int, tuple[Turn, ...]]] = []
    start, length = 0, 0
    for at, turn in enumerate(turns):
        length += len(turn.text) if turn.speaker is CALLER else 0
        if length >= _WINDOW or at == len(turns) - 1:
            parts.append((start, tuple(turns[start : at + 1])))
            start, length = max(start + 1, at), len(turn.text) if turn.speaker is CALLER else 0
    return parts


def _graver(best: Field[str], found: Field[str], at: Sequence[int]) -> Field[str]:
    """The graver of the two; `at` tells which turns of the call the second was found in."""
    if found.value == "none" or (best.value != "none" and str(found.value) >= str(best.value)):
        return best
    said = found.evidence
    evidence = Evidence(at[said.turn], said.start, said.end) if said else None
    return Field(found.value, found.confidence, evidence)


def _graded(heard: Heard, danger: Mapping[str, float], level: float, with_model: bool) -> Field[str]:
    alarms = by_words.find_alarms(heard)
    grave = danger.get("E1", 0.0) + danger.get("E2", 0.0)
    named = any(alarm.named and alarm.danger in ("E1", "E2") for alarm in alarms)
    if with_model and named:
        level *= NET_SHARE
    if grave >= level:
        value = "E1" if danger.get("E1", 0.0) >= danger.get("E2", 0.0) else "E2"
        return Field(value, max(grave, 0.3), _alarm_words(heard, alarms))
    value = "E3" if danger.get("E3", 0.0) > danger.get("none", 0.0) else "none"
    return Field(value, danger.get(value, 0.0), _alarm_words(heard, alarms) if value == "E3" else None)


def _alarm_words(heard: Heard, alarms: Sequence[by_words.Alarm]) -> Evidence | None:
    if alarms:
        return heard.evidence(alarms[0].start, alarms[0].end)
    return heard.evidence(0, len(heard.text.split(BREAK)[0]))


def _likeliest(chances: Mapping[str, float], heard: Heard, table: str, column: str) -> Field[str]:
    if not heard.text:
        return Field()
    value = max(chances, key=lambda label: chances[label])
    return Field(value, chances[value], _words_of(heard, table, column, value))


def _words_of(heard: Heard, table: str, column: str = "", value: str = "") -> Evidence | None:
    """The longest lexicon word that speaks for a value."""
    best = next((word for word in _longest_first(table, column, value) if word in heard.text), "")
    at = heard.text.find(best)
    return heard.evidence(at, at + len(best)) if best else None


@cache
def _longest_first(table: str, column: str, value: str) -> tuple[str, ...]:
    fitting = [row["word"] for row in rows(table) if not column or row[column] == value]
    return tuple(sorted(fitting, key=len, reverse=True))


def _urgency(emergency: Field[str]) -> Field[str]:
    known = _URGENCY.get(emergency.value or "")
    if known:
        return Field(known, emergency.confidence, emergency.evidence)
    return Field("一般", emergency.confidence)


def _missing(draft: Mapping[str, Field[str]], secret: Field[bool]) -> tuple[str, ...]:
    """What is still to be asked, in an operator's order: matter, place, time, whom, number, secrecy."""
    unsure = {name for name, field in draft.items() if field.value is None or field.confidence < UNSURE}
    if secret.confidence < UNSURE:
        unsure.add("secret")
    if "town" not in unsure or "place_detail" not in unsure:
        unsure.discard("town")
    else:
        unsure.add("place")
    if draft["type"].value not in ("投诉", "举报"):
        unsure.discard("respondent")
    if draft["type"].value in ("咨询", "建议", "表扬", "其他"):
        unsure -= {"event_time", "place"}
    return tuple(name for name in _ASK_ORDER if name in unsure)
