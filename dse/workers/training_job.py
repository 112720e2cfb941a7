"""What the trainings of a study have in common, and the pictures that it names, opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dse.canvas import InputSize
from dse.chips import Chip, Target, chip
from dse.chips.registry import DEFAULT_CHIP
from dse.data import load_all
from dse.data.packed import packed_files
from dse.data.pictures import DataSet
from dse.data.rendered import draw_missing, open_rendered
from dse.data.sources import Split, open_data
from dse.data.specification import DRAWN, DataSpec
from dse.detection.head import Head
from dse.detection.heads import FACE_HEADS, Heads
from dse.errors import StudyError
from dse.space import Training
from dse.training.recipe import Recipe
from dse.workers.file_sets import FileSet

if TYPE_CHECKING:
    from dse.chips.abilities import Deployed
    from dse.evaluation import Prepared
    from dse.network.arrays import Weights
    from dse.network.graph import Graph

__all__ = [
    "Job",
    "calibration_canvases",
    "draw_pictures",
    "evaluation_pictures",
    "rendered_pictures",
]

FOLDER = "dir:"
"""Begins a source of starting weights that is a folder."""


@dataclass(frozen=True)
class Job:
    """What every training of a study has in common; plain values, so that it can travel.

    data, eval_data: specifications for `open_data`. weights: a source of starting weights.
    formats: number formats whose AP every training ends with. cache: folder for shared features.
    target: whose chip runs what is trained; None where another version of dse wrote it.
    heads: what the networks look for. front_formats: number formats whose AP is measured for the
    designs on the front alone.
    """

    data: str
    eval_data: str
    recipe: Recipe
    weights: str
    formats: tuple[str, ...]
    cache: str
    target: Target | None = None
    heads: Heads = FACE_HEADS
    front_formats: tuple[str, ...] = ()

    def head(self, training: Training) -> Head:
        """What the map of `training` means. Raises StudyError as `Heads.head`."""
        return self.heads.head(training.head, training.input_size)

    @property
    def chip(self) -> Chip:
        """What runs the designs."""
        return chip(self.target.chip if self.target else DEFAULT_CHIP)

    def deploy(
        self, graph: Graph, weights: Weights, calibration: NDArray[np.uint8], head: Head
    ) -> Deployed:
        """The trained network as a file for the target.

        Raises CompilerError, NotSupported, or StudyError where another version wrote the target.
        """
        if self.target is None:
            raise StudyError(
                "the study's target was written by another version of dse",
                "use the version in study.toml, or start a new study",
            )
        return self.chip.deploy(graph, weights, calibration, self.target, head=head)

    def file_sets(self) -> dict[str, FileSet]:
        """Pictures and starting weights that lie on this machine's disk, for `relocated` elsewhere.

        Synthetic scenes are drawn again from their seed: that takes less than sending them.
        """
        found = {
            "data": _packed(self.data, ("train", "val")),
            "eval_data": _packed(self.eval_data, ("eval",)),
        }
        if self.weights.startswith(FOLDER):
            files = Path(self.weights.removeprefix(FOLDER)).glob("*.h5")
            found["weights"] = FileSet({file.name: file for file in sorted(files)})
        return {name: files for name, files in found.items() if files.files}

    def relocated(self, cache: Path, places: Mapping[str, Path]) -> Job:
        """The same job on a machine where the file sets lie unpacked in `places`."""
        schemes = {"data": "packed:", "eval_data": "packed:", "weights": FOLDER}
        changed: dict[str, Any] = {name: f"{schemes[name]}{places[name]}" for name in places}
        return replace(self, cache=str(cache), **changed)


@lru_cache(maxsize=2)
def calibration_canvases(job: Job, input_size: InputSize) -> NDArray[np.uint8]:
    """Training pictures as the network sees them, (n, height, width, 3), to set ranges with."""
    from dse.training.augmentation import plain_view

    data = rendered_pictures(job.data, "train", job.cache, job.recipe.calibration_pictures)
    return np.stack([plain_view(pixels, p, input_size).canvas for p, pixels in load_all(data)])


@lru_cache(maxsize=8)
def rendered_pictures(spec: str, split: Split, cache: str, limit: int | None = None) -> DataSet:
    """The pictures of a source; synthetic scenes are drawn into `cache` first."""
    data = open_rendered(spec, split, Path(cache), limit=limit)
    draw_missing(data)
    return data


def draw_pictures(job: Job) -> None:
    """Draws what is missing of any of its sets: workers that start together share all the work."""
    for spec, split, limit in (
        (job.data, "train", job.recipe.pictures),
        (job.data, "train", job.recipe.calibration_pictures),
        (job.data, "val", job.recipe.val_pictures),
        (job.eval_data, "eval", None),
    ):
        rendered_pictures(spec, split, job.cache, limit)


@lru_cache(maxsize=2)
def evaluation_pictures(spec: str, input_size: InputSize, cache: str) -> Prepared:
    """The evaluation pictures on the network's canvas."""
    from dse.evaluation import prepare

    return prepare(rendered_pictures(spec, "eval", cache), input_size)


def _packed(spec: str, splits: tuple[Split, ...]) -> FileSet:
    if DataSpec.parse(spec).kind in DRAWN:
        return FileSet({})
    return FileSet(dict(file for s in splits for file in packed_files(open_data(spec, s), s)))
