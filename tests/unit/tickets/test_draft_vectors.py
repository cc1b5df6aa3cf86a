"""A call counted turn by turn, each turn once, is the call counted whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tickets.draft.features import features
from tickets.draft.heard import hear
from tickets.draft.pieces import Pieces
from tickets.draft.turns import CALLER, OPERATOR, Turn
from tickets.draft.vectors import Vectors, vectorise

PIECES = Pieces(("<unk>", "<s>", "</s>", "▁", "停", "电", "停电", "了"), (0, 0, 0, -1, -5, -5, -6, -2))
SAID = (
    "停电了停电了",
    "停电",
    "没有停电",
    "燃气漏了 我在家头",
    "莫给他说是我讲的",
    "草堂镇",
    "",
    "嗯",
    "是的",
)
CALLS = st.lists(st.builds(Turn, st.sampled_from((CALLER, OPERATOR)), st.sampled_from(SAID)), max_size=8)


def _known() -> tuple[dict[str, int], np.ndarray[tuple[int], np.dtype[np.float32]]]:
    """Two in three of all features that these calls can have, some more telling than others."""
    heard = hear([Turn(CALLER, said) for said in SAID])
    names = sorted(features(heard, PIECES))
    vocabulary = {name: column for column, name in enumerate(name for at, name in enumerate(names) if at % 3)}
    return vocabulary, np.linspace(1, 9, len(vocabulary), dtype=np.float32)


VOCABULARY, IDF = _known()
VECTORS = Vectors(VOCABULARY, IDF, PIECES)


@given(CALLS)
def test_turn_by_turn_is_the_same_as_at_once(turns: Sequence[Turn]) -> None:
    heard = hear(turns)
    columns, values = VECTORS.of(heard)
    whole_columns, whole_values = vectorise(features(heard, PIECES), VOCABULARY, IDF)
    order, whole_order = np.argsort(columns), np.argsort(whole_columns)
    assert columns[order].tolist() == whole_columns[whole_order].tolist()
    np.testing.assert_allclose(values[order], whole_values[whole_order], rtol=1e-5)
