"""What a study was made with: study.toml, read once and typed from then on.

Keys that are missing are those of older studies and have what was so when they were made; keys
that nobody here knows are kept, for the page and for the version that does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct, field, structs

from dse.chips.profiles import target_of_table
from dse.chips.registry import CHIPS, DEFAULT_CHIP, chip
from dse.chips.target import Target
from dse.defaults import SPACE, TARGET
from dse.detection.head import FACE_HEAD
from dse.detection.heads import Heads
from dse.errors import InvalidFile, StudyError
from dse.schema import checked, read_toml, shown
from dse.space import SearchSpace
from dse.training.recipe import Recipe

__all__ = [
    "DEFAULT_DATA",
    "PICTURES",
    "Count",
    "Pictures",
    "Positive",
    "SearchSettings",
    "Shared",
    "StartingWeights",
    "StudySettings",
    "TableHead",
    "as_named_today",
    "plain",
    "target_from",
]

Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Seed = Annotated[int, Meta(ge=0, lt=2**32)]

PICTURES = ("training_pictures", "validation_pictures", "evaluation_pictures")

DEFAULT_DATA = "synthetic"

OLD_BOXES = "faces"
"""What the number of labelled boxes was called, of whatever things."""


class Pictures(Struct, frozen=True):
    """A set of pictures: source as `open_data` takes it, how many, with how many labelled boxes,
    and what tells them apart."""

    source: str
    checksum: str = ""
    pictures: Count = 0
    boxes: Count = 0
    skipped: Mapping[str, Count] = field(default_factory=dict)
    classes: tuple[str, ...] = FACE_HEAD.classes

    @property
    def identity(self) -> str:
        """Equal for the same pictures, wherever their folder lies."""
        return self.checksum or self.source


class StartingWeights(Struct, frozen=True):
    """Where the weights come from that training starts with."""

    source: str

    @property
    def identity(self) -> str:
        """Equal for the same weights."""
        return self.source


class TrainedWith(Struct, frozen=True, kw_only=True):
    """What, with the recipe, decides what a training comes to."""

    training_pictures: Pictures
    validation_pictures: Pictures
    evaluation_pictures: Pictures
    starting_weights: StartingWeights


class TableHead(TrainedWith, frozen=True, kw_only=True):
    """The first line of a table of recorded trainings (`dse.study.recorded`)."""

    recipe: Recipe


class SearchSettings(Struct, frozen=True, kw_only=True):
    """What makes a study what it is, with nothing left open.

    budget: trainings to pay for at most. Those stopped early count; failed ones do not, their
        places are given to other designs.
    target, space: names of a file in `constraints/`, `search_spaces/`, or paths of one's own.
    data, eval_data: sources as `dse.data.open_data` takes them.
    weights: starting weights, "auto", "imagenet" or "shipped"; weights_dir: a folder of them.
    early_stopping: end trainings that a finished design beats already, and the search when no
        design that is left is expected to add to the front.
    measure_kmodels: compile and run the front's designs at the end.
    replay: a table of recorded trainings (`dse.study.recorded`) that stands in for training;
        its recipe and pictures are then the study's.
    warm_from: folders of studies whose finished trainings count here, too, at no cost.
    """

    budget: Count = 50
    target: str = TARGET
    space: str = SPACE
    data: str = DEFAULT_DATA
    weights: str = "auto"
    proposer: str = "composite"
    seed: Seed = 0
    early_stopping: bool = True
    measure_kmodels: bool = True
    replay: str | None = None
    warm_from: tuple[str, ...] = ()
    eval_data: str
    weights_dir: str | None = None
    recipe: Recipe

    def as_table(self) -> dict[str, Any]:
        """The table `search` of study.toml."""
        return {**structs.asdict(self), "recipe": asdict(self.recipe)}


class Shared(Struct, frozen=True):
    """storage: the database (without its password) that several drivers write to; driver: whose
    folder this is."""

    storage: str
    driver: str


class StudySettings(TrainedWith, frozen=True, kw_only=True):
    """study.toml.

    space, target: tables; `search_space` and `make_target` make of them what they say. anchors: by
    head and input size, widths and heights as of `Head`. table: everything that stands in the
    file, under today's names.
    """

    search: SearchSettings
    space: dict[str, Any]
    target: dict[str, Any]
    created: str = ""
    command: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    shared: Shared | None = None
    anchors: dict[str, dict[str, list[tuple[float, float]]]] = field(default_factory=dict)
    table: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> StudySettings:
        """Reads a study.toml. Raises FileError, or InvalidFile with the key and what it must be."""
        _, table = read_toml(path)
        return cls.of(table, path)

    @classmethod
    def of(cls, table: Mapping[str, Any], path: Path) -> StudySettings:
        """The settings in `table`. path: for messages. Raises InvalidFile."""
        hint = "restore it, or start a new study"
        whole = as_named_today(plain(table))
        settings = checked({**whole, "table": whole}, cls, path, hint=hint)
        _check_target(settings.target, path, hint)
        return settings

    @property
    def recipe(self) -> Recipe:
        """How every training of the study was done."""
        return self.search.recipe

    @property
    def heads(self) -> Heads:
        """What its networks look for: the classes of its training pictures, by its anchors."""
        clustered = tuple(
            (head, size, tuple(anchors))
            for head, sizes in self.anchors.items()
            for size, anchors in sizes.items()
        )
        return Heads(self.training_pictures.classes, clustered)

    def make_target(self) -> Target:
        """The target. Raises StudyError where another version of dse wrote it, with other
        constants."""
        return target_from(self.target)

    def search_space(self) -> SearchSpace:
        """The space. Raises StudyError where it holds what this version of dse does not know."""
        axes = {key: value for key, value in self.space.items() if key != "name"}
        try:
            return SearchSpace.of(str(self.space.get("name", "")), axes)
        except ValueError as error:
            raise StudyError(
                f"the study's space was written by another version of dse: {error}",
                "use the version in study.toml, or start a new study",
            ) from None


def target_from(table: Mapping[str, Any]) -> Target:
    """The target in a study's `table`. Raises StudyError if it lacks a constant."""
    try:
        return target_of_table(table)
    except ValueError as error:
        raise StudyError(
            f"the study's target was written by another version of dse: {shown(str(error), 200)}",
            "use the version in study.toml, or start a new study",
        ) from None


def _check_target(table: Mapping[str, Any], path: Path, hint: str) -> None:
    """Raises InvalidFile for a key of a target whose value is no such thing; unknown keys, and
    chips, are those of another version."""
    name = table.get("chip", DEFAULT_CHIP)
    if not isinstance(name, str) or name not in CHIPS:
        return
    kind = chip(name).target_type
    for key in table.keys() & set(kind.field_names()):
        try:
            kind.checked(key, table[key])
        except ValueError as error:
            raise InvalidFile(path, f"in [target]: {error}", hint=hint) from None


def as_named_today(table: Mapping[str, Any]) -> dict[str, Any]:
    """`table` with what older versions of dse called otherwise: boxes of pictures were faces."""
    found = dict(table)
    for part in PICTURES:
        pictures = table.get(part)
        if isinstance(pictures, Mapping) and OLD_BOXES in pictures:
            found[part] = {"boxes" if k == OLD_BOXES else k: v for k, v in pictures.items()}
    return found


def plain(value: Any) -> Any:
    """`value` as TOML has it: absent keys for null, lists for tuples, text for paths."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
