"""What may vary: candidates, and the spaces they come from.

A `Candidate` is one design. Its format needs no training of its own, so the same design
without the format is a `Training`, which yields one point for every format.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Any

from dse import resources
from dse.axes import FORMATS, SIDES, USUAL, WrongValue, checked_axis
from dse.canvas import Canvas, InputSize
from dse.detection.heads import DEFAULT_HEAD, HEADS
from dse.errors import InvalidFile, UnknownName, UsageError
from dse.network.families import BREAKPOINTS
from dse.schema import line_of, read_toml, shown

__all__ = ["AXES", "FORMATS", "TRAINING_AXES", "Candidate", "SearchSpace", "Training"]

_ID = re.compile(
    r"([A-Z])(\d{1,6})-a(\d{1,6}(?:\.\d{1,6})?)-(\d{1,6}(?:x\d{1,6})?)"
    r"(?:-([a-z]\d{1,3}))?(?:-(\w+))?",
    re.ASCII,
)
"""Longer numbers name nothing, and those of thousands of digits cost more than they say."""


@dataclass(frozen=True)
class Training:
    """A network and how much of it stays frozen: what one training produces.

    breakpoint: where the head leaves which backbone, a letter of `dse.network.families`: "A",
        "B" or "C" (both, concatenated) of MobileNetV2, "P", the end of the plain one.
    frozen_until: lambda; layers before it keep their starting weights.
    width: alpha, the backbone's channel multiplier.
    input_size: side of a square input in pixels, or "320x240", width x height.
    head: what its output map holds, a name of `dse.detection.heads`; the usual one is in no id.
    """

    breakpoint: str
    frozen_until: int
    width: float
    input_size: InputSize
    head: str = DEFAULT_HEAD

    @property
    def id(self) -> str:
        """Short stable name, such as `A98-a0.5-224` or `P5-a1-256-r5`."""
        head = "" if self.head == DEFAULT_HEAD else f"-{self.head}"
        return f"{self.breakpoint}{self.frozen_until}-a{self.width:g}-{self.input_size}{head}"

    @property
    def canvas(self) -> Canvas:
        """What its input size names."""
        return Canvas.of(self.input_size)

    @property
    def words(self) -> str:
        """For people: "the plain network, width 1, 256 pixels"."""
        head = "" if self.head == DEFAULT_HEAD else f", head {self.head}"
        family = BREAKPOINTS[self.breakpoint].family.title
        return f"{family}, width {self.width:g}, {self.input_size} pixels{head}"

    def in_format(self, format: str) -> Candidate:
        """The candidate that deploys this training in `format`."""
        return Candidate(self, format)

    @classmethod
    def parse(cls, text: str) -> Training:
        """The training that `id` names. Raises UsageError for anything else."""
        return _parse(text, "a training is named like A98-a0.5-224", with_format=False)[0]


@dataclass(frozen=True)
class Candidate:
    """One point of the space: a training and the number format that it is deployed in."""

    training: Training
    format: str

    @property
    def id(self) -> str:
        """Short stable name, such as `A98-a0.5-224-kpu8`."""
        return f"{self.training.id}-{self.format}"

    @classmethod
    def parse(cls, text: str, usual: str = "") -> Candidate:
        """The candidate that `id` names. usual: the format where the id of a training is given.

        Raises UsageError for anything else.
        """
        hint = f"a candidate is named like A98-a0.5-224-{FORMATS[0]}"
        training, format = _parse(text, hint, with_format=None if usual else True)
        return cls(training, format or usual)


def _parse(text: str, hint: str, with_format: bool | None) -> tuple[Training, str]:
    """The training and the format that `text` names; "" where it names none.

    with_format: whether it has to; None: it may.
    """
    match = _ID.fullmatch(text)
    has_format = bool(match and match[6])
    if with_format is None:
        with_format = has_format
    if not match or has_format != with_format or match[1] not in BREAKPOINTS:
        raise UsageError(f"'{shown(text)}' names no design", hint)
    if match[5] and match[5] not in HEADS:
        raise UnknownName("head", shown(match[5]), HEADS)
    if with_format and match[6] not in FORMATS:
        raise UnknownName("format", shown(match[6]), FORMATS)
    size, head = Canvas.of(match[4]).input_size, match[5] or DEFAULT_HEAD
    training = Training(match[1], int(match[2]), float(match[3]), size, head)
    problem = _impossible(*astuple(training))
    if problem:
        raise UsageError(f"'{text}': {problem}", hint)
    return training, match[6] or ""


def _impossible(
    breakpoint: str,
    frozen_until: int,
    width: float,
    input_size: InputSize,
    head: str = DEFAULT_HEAD,
) -> str:
    """Why no such network exists, or an empty string."""
    network = BREAKPOINTS[breakpoint]
    for name, value, possible in (
        ("lambda", frozen_until, network.lambdas),
        ("alpha", width, network.family.widths),
    ):
        if value not in possible:
            known = ", ".join(f"{one:g}" for one in possible)
            return f"at breakpoint {breakpoint}, {name} {value:g} is none of {known}"
    canvas = Canvas.of(input_size)
    if canvas.width not in SIDES or canvas.height not in SIDES:
        return f"input size {input_size} is outside {SIDES[0]}..{SIDES[-1]}"
    return network.misfit(canvas)


@dataclass(frozen=True)
class SearchSpace:
    """The product of its axes, less the combinations that no network has.

    Combinations without a network (a lambda behind the breakpoint, maps that cannot be joined)
    are left out when enumerating, and so is what `only` does not name.

    only: ids of the trainings that the space is confined to, in their order; empty: all.
    """

    name: str
    breakpoint: tuple[str, ...]
    frozen_until: tuple[int, ...]
    width: tuple[float, ...]
    input_size: tuple[InputSize, ...]
    format: tuple[str, ...]
    head: tuple[str, ...] = (DEFAULT_HEAD,)
    only: tuple[str, ...] = ()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __iter__(self) -> Iterator[Candidate]:
        """Every candidate, in a fixed order, formats of one training side by side."""
        for training in self.trainings():
            for format in self.format:
                yield training.in_format(format)

    def __contains__(self, candidate: object) -> bool:
        return (
            isinstance(candidate, Candidate)
            and all(_value(candidate, axis) in getattr(self, axis) for axis in AXES)
            and not _impossible(*astuple(candidate.training))
            and (not self.only or candidate.training.id in self.only)
        )

    def trainings(self) -> list[Training]:
        """Every training, in a fixed order."""
        if self.only:
            return [Training.parse(id) for id in self.only]
        every = itertools.product(*(getattr(self, axis) for axis in TRAINING_AXES))
        return [Training(*values) for values in every if not _impossible(*values)]

    def sample(self, count: int, seed: int) -> list[Candidate]:
        """`count` different candidates, uniformly; the same for the same seed."""
        return random.Random(seed).sample(list(self), min(count, len(self)))

    def neighbours(self, candidate: Candidate) -> list[Candidate]:
        """Candidates of the space that differ by one step on one axis."""
        found = []
        for axis in AXES:
            values: Sequence[Any] = getattr(self, axis)
            here = values.index(_value(candidate, axis))
            steps = [at for at in (here - 1, here + 1) if 0 <= at < len(values)]
            found += [_moved(candidate, axis, values[at]) for at in steps]
        return [neighbour for neighbour in found if neighbour in self]

    @classmethod
    def load(cls, name: str) -> SearchSpace:
        """A space by name (a file in `search_spaces/`) or by the path of a TOML file.

        Raises UnknownName, or InvalidFile with the line and the reason.
        """
        path = resources.find("search_spaces", name, "space")
        text, table = read_toml(path)
        try:
            return cls.of(path.stem, table)
        except WrongValue as wrong:
            line = line_of(text, wrong.key)
            raise InvalidFile(path, str(wrong), line, wrong.hint) from None

    @classmethod
    def of(cls, name: str, table: Mapping[str, Any]) -> SearchSpace:
        """The space whose axes `table` holds as TOML gives them.

        Raises ValueError, in words, for an axis that is missing, unknown or has other values.
        """
        axes = _axes({key: values for key, values in table.items() if key != "only"})
        return cls(name, **axes, only=_checked_only(table.get("only", []), axes))


TRAINING_AXES = tuple(axis.name for axis in fields(Training))
AXES = (*TRAINING_AXES, "format")


def _axes(table: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """The axes that `table` gives, checked value by value."""
    for key in table:
        if key not in AXES:
            raise WrongValue(key, f"unknown axis '{shown(key)}'", f"axes: {', '.join(AXES)}")
    table = {**{axis: (value,) for axis, value in USUAL.items()}, **table}
    axes = {axis: checked_axis(axis, table.get(axis)) for axis in AXES}
    training_axes = (axes[axis] for axis in TRAINING_AXES)
    if all(_impossible(*values) for values in itertools.product(*training_axes)):
        raise WrongValue("", "no combination of its values is a network: the space is empty")
    return axes


def _checked_only(only: Any, axes: dict[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """The ids of `only`, each the name of a training on the axes."""
    if not isinstance(only, list | tuple) or not all(isinstance(id, str) for id in only):
        raise WrongValue("only", "'only' must be a list of trainings")
    ids = []  # as they are usually written: "A063-a0.50-96" is a training, too
    for id in only:
        try:
            training = Training.parse(id)
        except UsageError as error:
            raise WrongValue("only", str(error), error.hint) from None
        off = [axis for axis, value in vars(training).items() if value not in axes[axis]]
        if off:
            raise WrongValue("only", f"'{id}' in 'only' is not on the axis '{off[0]}'")
        ids.append(training.id)
    if len(set(ids)) < len(ids):
        raise WrongValue("only", "'only' names a training twice")
    return tuple(ids)


def _value(candidate: Candidate, axis: str) -> Any:
    return getattr(candidate if axis == "format" else candidate.training, axis)


def _moved(candidate: Candidate, axis: str, value: Any) -> Candidate:
    if axis == "format":
        return replace(candidate, format=value)
    return replace(candidate, training=replace(candidate.training, **{axis: value}))
