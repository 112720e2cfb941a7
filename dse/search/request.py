"""What a search is asked to do: settings for its study, of which most may be left unsaid."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from msgspec import structs

from dse.data.specification import absolute_source
from dse.errors import StudyError, UnknownName, UsageError
from dse.search.proposers import PROPOSERS
from dse.study.recorded import RecordedTable
from dse.study.settings import DEFAULT_DATA, SearchSettings
from dse.training.recipe import Recipe

__all__ = ["SearchRequest"]


@dataclass(frozen=True)
class SearchRequest:
    """Settings of a study as somebody asks for them; None: not said.

    They mean what they mean in `SearchSettings`. What is not said has its default in a new
    study (eval_data: that of data) and is the study's own in one that goes on, which may be
    given another budget, but nothing else.
    """

    budget: int | None = None
    target: str | None = None
    space: str | None = None
    data: str | None = None
    eval_data: str | None = None
    weights: str | None = None
    weights_dir: Path | None = None
    recipe: Recipe | None = None
    proposer: str | None = None
    seed: int | None = None
    early_stopping: bool | None = None
    measure_kmodels: bool | None = None
    replay: Path | None = None
    warm_from: tuple[Path, ...] | None = None

    def __post_init__(self) -> None:
        """Raises UsageError for values that mean nothing."""
        only_looks = self.budget == 0 and self.warm_from
        if self.budget is not None and self.budget < 1 and not only_looks:
            raise UsageError(f"--budget {self.budget} leaves nothing to do", "give 1 or more")
        if self.seed is not None:
            Recipe(seed=self.seed)
        if self.proposer is not None and self.proposer not in PROPOSERS:
            raise UnknownName("proposer", self.proposer, PROPOSERS)

    def settings(self) -> SearchSettings:
        """The settings of a new study. Raises as `RecordedTable.load`, and UsageError for another
        recipe than that of the table to replay."""
        chosen = self._said()
        if self.replay is not None:
            chosen |= _of_the_table(self.replay, self.recipe)
        chosen.setdefault("eval_data", chosen.get("data", DEFAULT_DATA))
        chosen.setdefault("recipe", Recipe(seed=self.seed or 0))
        return SearchSettings(**chosen)

    def continuing(self, study: SearchSettings) -> SearchSettings:
        """The settings of a study that goes on, with the budget that this asks for.

        Raises StudyError when this asks for something else than the study's.
        """
        said = self._said()
        budget = said.pop("budget", study.budget)
        for name, asked in said.items():
            value = getattr(study, name)
            if name == "recipe":
                asked = asked.settled_as(value)
            if asked != value:
                raise StudyError(
                    f"the study was made with {name} = {value}, not {asked}",
                    "leave the setting out to go on, or start a new study",
                )
        return structs.replace(study, budget=budget)

    def _said(self) -> dict[str, Any]:
        """All that is not None, as `SearchSettings` has it."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return {name: _PLAIN.get(name, _same)(value) for name, value in said.items()}


def _of_the_table(path: Path, asked: Recipe | None) -> Mapping[str, Any]:
    """Settings that a replayed study has from its table; the seed is the search's alone."""
    table = RecordedTable.load(path)
    seed = table.recipe.seed
    usual = Recipe(seed=seed).settled_as(table.recipe)
    if asked and replace(asked, seed=seed).settled_as(table.recipe) not in (table.recipe, usual):
        raise UsageError(
            f"the trainings of {path} were done with another recipe",
            "leave --epochs, --views, --pictures and --loss out with --replay",
        )
    return {
        "recipe": table.recipe,
        "data": table.about["training_pictures"]["source"],
        "eval_data": table.about["evaluation_pictures"]["source"],
        "weights": table.about["starting_weights"]["source"],
        "measure_kmodels": False,
    }


_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "data": absolute_source,
    "eval_data": absolute_source,
    "weights_dir": os.path.abspath,
    "replay": lambda path: str(path.resolve()),
    "warm_from": lambda paths: tuple(str(path.resolve()) for path in paths),
}
"""What a request says in another way than settings do."""


def _same(value: Any) -> Any:
    return value
