"""Names and settings of the studies behind a reproduction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dse.errors import UnknownName, UsageError
from dse.reproduction import ReproductionOptions

Make = Callable[..., ReproductionOptions]


@pytest.mark.parametrize(
    ("tables", "name"),
    [
        (("I", "II", "III", "IV"), "reproduce-96"),
        (("I", "II", "III"), "reproduce-96"),
        (("II",), "reproduce-96-II"),
        (("I", "III", "IV"), "reproduce-96-I-III"),
        (("IV",), "reproduce-96-IV"),
    ],
)
def test_studies_are_named_for_what_they_train(
    options: Make, tables: tuple[str, ...], name: str
) -> None:
    assert options(tables=tables).name == name
    assert options(tables=tables).study(1) == f"{name}-seed1"


def test_every_seed_is_that_of_its_trainings(options: Make) -> None:
    search, _ = options(epochs=2).search(3, 8, Path("space.toml"))
    assert search.recipe is not None
    assert (search.seed, search.recipe.seed, search.recipe.epochs) == (3, 3, 2)
    assert search.budget == 8
    assert search.early_stopping is False and search.measure_kmodels is False


def test_nonsense_is_refused(options: Make) -> None:
    with pytest.raises(UnknownName, match="table 'V'"):
        options(tables=("V",))
    for changes in ({"tables": ()}, {"seeds": 0}):
        with pytest.raises(UsageError, match="nothing"):
            options(**changes)
