"""A space small enough to be priced in a moment, and studies made from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dse.search import RunOptions, SearchRequest

SMALL_SPACE = """\
breakpoint   = ["A", "B"]
frozen_until = [63, 98]
width        = [0.35, 0.5]
input_size   = [96, 320]
format       = ["kpu8", "FP32"]
"""

HOW = {one.name for one in fields(RunOptions)}


class Search(NamedTuple):
    """The first two arguments of `run_search`."""

    request: SearchRequest = SearchRequest()
    run: RunOptions = RunOptions()

    @property
    def results(self) -> Path:
        return self.run.results

    def changed(self, **changes: Any) -> Search:
        """With other values of the one or the other."""
        how = {name: value for name, value in changes.items() if name in HOW}
        what = {name: value for name, value in changes.items() if name not in HOW}
        return Search(replace(self.request, **what), replace(self.run, **how))


@pytest.fixture()
def small_space(tmp_path: Path) -> Path:
    """16 trainings; those at 320 pixels do not fit the K210."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL_SPACE)
    return path


@pytest.fixture()
def options(tmp_path: Path, small_space: Path) -> Callable[..., Search]:
    """A quick search in this process, with changes."""
    return partial(quick_options, tmp_path, space=str(small_space))


def quick_options(folder: Path, **changes: Any) -> Search:
    """A quick search in this process, whose results lie in `folder`, with changes."""
    settings: dict[str, Any] = {
        "results": folder / "results",
        "executor": "inline",
        "proposer": "random",
        "early_stopping": False,
        "budget": 4,
    }
    return Search().changed(**{**settings, **changes})


@pytest.fixture(scope="session")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search that made every feasible training of the small space."""
    from dse.search import load_study, run_search
    from dse.study.recorded import RecordedTable
    from dse.training.recipe import Recipe
    from tests.search.fake_training import backend

    folder = tmp_path_factory.mktemp("searched")
    space = folder / "small.toml"
    space.write_text(SMALL_SPACE)
    recipe = Recipe(pictures=7)
    chosen = quick_options(folder, space=str(space), budget=99, study="whole", recipe=recipe)
    run_search(*chosen, backend(folder / "trace"))
    table = RecordedTable.of(load_study(chosen.results / "whole")).text()
    (folder / "table.jsonl").write_text(table)
    return folder


@pytest.fixture()
def recorded_table(searched: Path, tmp_path: Path) -> Path:
    """Every feasible training of the small space, as a file, and the study that it is of."""
    shutil.copytree(searched, tmp_path, dirs_exist_ok=True)
    return tmp_path / "table.jsonl"
