"""Fields that must not contradict each other: what one settles, the other may no longer say."""

from __future__ import annotations

from collections.abc import Mapping

PRAISE_TYPE = "表扬"
PRAISE_CATEGORY = "1207"
TYPES_IN_DANGER: Mapping[str, tuple[str, ...]] = {"E1": ("求助",), "E2": ("求助", "投诉")}
Chances = Mapping[str, float]


def agreed(types: Chances, categories: Chances, danger: str) -> tuple[Chances, Chances]:
    """Types and categories that fit the danger and each other: praise is 1207 and nothing else is."""
    allowed = TYPES_IN_DANGER.get(danger)
    if allowed is not None and any(types.get(name, 0.0) for name in allowed):
        types = _only(types, allowed)
    praise = (types.get(PRAISE_TYPE, 0.0) + categories.get(PRAISE_CATEGORY, 0.0)) / 2
    if praise > 0.5 and types.get(PRAISE_TYPE, 0.0):
        return _only(types, (PRAISE_TYPE,)), {PRAISE_CATEGORY: praise}
    return _without(types, PRAISE_TYPE), _without(categories, PRAISE_CATEGORY)


def _only(chances: Chances, names: tuple[str, ...]) -> Chances:
    return {name: chance for name, chance in chances.items() if name in names}


def _without(chances: Chances, name: str) -> Chances:
    return {other: chance for other, chance in chances.items() if other != name} or chances
