"""How far scores may be believed: one sharpness a head, and the level at which danger is called out.

Both are chosen on scores of calls whose authors were kept out of the fit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.draft.model import ALARM_AT, SECRET_AT
from tickets.draft.secrecy import CUES_SHARE

_FALSE_ALARMS = 0.03
"""The alarm level is the lowest that raises no more false alarms than this on authors kept out of the fit.

Found on machines that saw half the authors; a whole one raises fewer (2.2 % where 2.5 % was asked for)."""
_ALARMS = ("E1", "E2")
_ENOUGH_CALM = 200
_ENOUGH_ASKED = 30
_SURELY_NOTED = 0.7
_AS_GOOD = 0.005
"""A level whose F1 is this near the best is as good, and the lowest of them is taken: a wish that is missed
harms a caller, one that was none costs an operator a look."""


def sharpness(scores: NDArray[np.floating[Any]], right: NDArray[np.int64]) -> float:
    """How sharp the scores may be read."""

    def loss(power: float) -> float:
        chances = shares(scores * power)[np.arange(len(right)), right]
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    return min(np.geomspace(0.3, 20.0, 44).tolist(), key=loss)


def shares(scores: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Scores as probabilities, a row a call."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def alarm_level(scores: NDArray[np.floating[Any]], wanted: NDArray[Any], classes: tuple[str, ...]) -> float:
    """How likely E1 and E2 together must be so that few enough other calls alarm."""
    columns = [classes.index(label) for label in _ALARMS if label in classes]
    calm = shares(scores)[:, columns].sum(axis=1)[~np.isin(wanted, _ALARMS)]
    if not columns or len(calm) < _ENOUGH_CALM:
        return ALARM_AT
    return float(np.quantile(calm, 1 - _FALSE_ALARMS))


def secret_level(likely: NDArray[np.floating[Any]], asked: NDArray[np.bool_]) -> float:
    """How likely secrecy must be to be noted: the lowest level that is as good as the best.

    Never so low that cues alone would reach it: they know this corpus better than they know a new caller.
    """
    if asked.sum() < _ENOUGH_ASKED:
        return SECRET_AT
    levels = np.linspace(CUES_SHARE, _SURELY_NOTED, 51)
    noted = [likely >= level for level in levels]
    f1 = np.array([2 * (one & asked).sum() / (one.sum() + asked.sum()) for one in noted])
    return float(levels[np.flatnonzero(f1 >= f1.max() - _AS_GOOD)[0]])
