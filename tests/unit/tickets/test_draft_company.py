"""Heads that heed each other: what stands together in the corpus pulls an undecided head its way."""

from __future__ import annotations

import numpy as np
import pytest

from tickets.draft.company import from_arrays, learn

SIZES = {"type": 2, "category": 3, "danger": 2}
NUMBERS = {
    "type": np.array([0] * 40 + [1] * 40),
    "category": np.array([0] * 40 + [1] * 20 + [2] * 20),
    "danger": np.array([1] * 40 + [0] * 40),
}
UNDECIDED = np.array([0.5, 0.5])


def test_a_sure_category_settles_an_undecided_type() -> None:
    company = learn(NUMBERS, SIZES)
    sure = {"type": UNDECIDED, "category": np.array([0.98, 0.01, 0.01]), "danger": UNDECIDED}
    heeded = company.heeded(sure)
    assert heeded["type"][0] > 0.6
    assert heeded["danger"][1] > 0.6
    assert heeded["category"].argmax() == 0


def test_many_calls_at_once_are_judged_as_each_alone() -> None:
    company = learn(NUMBERS, SIZES)
    random = np.random.default_rng(0)
    many = {name: random.dirichlet(np.ones(size), 5) for name, size in SIZES.items()}
    together = company.heeded(many)
    for at in range(5):
        alone = company.heeded({name: rows[at] for name, rows in many.items()})
        for name in SIZES:
            assert together[name][at] == pytest.approx(alone[name])
            assert alone[name].sum() == pytest.approx(1.0)


def test_a_head_that_heeds_nobody_stays_as_it_was() -> None:
    company = learn(NUMBERS, SIZES)
    chances = {"type": UNDECIDED, "category": np.full(3, 1 / 3), "danger": UNDECIDED}
    heeded = company.heeded({**chances, "secret": np.array([0.3, 0.7])})
    assert heeded["secret"] == pytest.approx(np.array([0.3, 0.7]))


def test_it_is_read_back_as_written() -> None:
    company = learn(NUMBERS, SIZES)
    again = from_arrays(company.arrays(), {"type": 0.5})
    chances = {"type": UNDECIDED, "category": np.array([0.8, 0.1, 0.1]), "danger": UNDECIDED}
    assert again.moved(chances)["danger"] == pytest.approx(company.moved(chances)["danger"])
    assert again.heeded(chances)["type"][0] < company.heeded(chances)["type"][0]
