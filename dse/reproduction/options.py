"""What a reproduction is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dse.errors import UnknownName, UsageError
from dse.reproduction.rows import TABLES, TRAINED_TABLES
from dse.search import RunOptions, SearchRequest
from dse.training.recipe import LEAST_EPOCHS, Recipe

__all__ = ["ReproductionOptions"]


@dataclass(frozen=True)
class ReproductionOptions:
    """Settings of `reproduce`.

    tables: of "I" to "IV". data, eval_data: as `dse.data.open_data` takes them.
    input_size: side of the pictures, pixels; the paper's is 500.
    seeds: trainings of each network, with seeds 0, 1, ...; each seed is a study of its own.
    epochs: passes over the data; None: the recipe's own number.
    pyramid: measure in the paper's three scales, too.
    results, resume, executor, workers, weights, weights_dir, command: as of `SearchRequest` and
        `RunOptions`;
        resume goes on with the studies that exist and starts those that do not.
    """

    tables: tuple[str, ...] = TABLES
    data: str = "synthetic"
    eval_data: str | None = None
    input_size: int = 192
    seeds: int = 1
    epochs: int | None = None
    pyramid: bool = True
    results: Path = Path("results")
    resume: bool = False
    executor: Literal["ray", "inline"] = "ray"
    workers: int | None = None
    weights: str | None = None
    weights_dir: Path | None = None
    command: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        """Raises UnknownName for a table that the paper does not have, or UsageError."""
        for table in self.tables:
            if table not in TABLES:
                raise UnknownName("table", table, TABLES)
        if not self.tables or self.seeds < 1:
            raise UsageError("nothing to reproduce", "name a table, and one seed or more")

    @property
    def name(self) -> str:
        """Name of the report, and with a seed behind it of the studies."""
        trained = [table for table in TRAINED_TABLES if table in self.tables]
        some = [] if len(trained) == len(TRAINED_TABLES) else trained or ["IV"]
        return "-".join(["reproduce", str(self.input_size), *some])

    def study(self, seed: int) -> str:
        """Name of the study of `seed`."""
        return f"{self.name}-seed{seed}"

    def search(self, seed: int, trainings: int, space: Path) -> tuple[SearchRequest, RunOptions]:
        """The search that trains `trainings` designs, all that the file `space` lists."""
        request = SearchRequest(
            budget=trainings,
            target="unlimited",
            space=str(space),
            data=self.data,
            eval_data=self.eval_data,
            weights=self.weights,
            weights_dir=self.weights_dir,
            recipe=Recipe(seed=seed, epochs=self.epochs or LEAST_EPOCHS),
            proposer="random",
            seed=seed,
            early_stopping=False,
            measure_kmodels=False,
        )
        run = RunOptions(
            results=self.results,
            study=self.study(seed),
            executor=self.executor,
            workers=self.workers,
            command=self.command,
        )
        return request, run
