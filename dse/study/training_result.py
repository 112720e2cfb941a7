"""What a worker found, as a study keeps it: of a training, and of the file compiled from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dse.training.recipe import EpochReport

__all__ = ["CompiledMeasure", "FormatAps", "Outcome"]


@dataclass(frozen=True)
class FormatAps:
    """What a network was found to do, by number format: fields as of `Outcome`."""

    ap: dict[str, float] = field(default_factory=dict)
    ap_square: dict[str, float | None] = field(default_factory=dict)
    ap_interval: dict[str, list[float]] = field(default_factory=dict)
    ap_by_class: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def add(
        self,
        format: str,
        ap: float,
        square: float | None,
        interval: Sequence[float],
        classes: Mapping[str, float | None],
    ) -> None:
        """Notes what was found in `format`."""
        self.ap[format], self.ap_square[format] = ap, square
        self.ap_interval[format] = list(interval)
        if classes:
            self.ap_by_class[format] = dict(classes)


@dataclass(frozen=True)
class Outcome:
    """What a training came to. AP is on the evaluation pictures, `val_ap` on the validation
    ones; `ap`, `ap_square` and `ap_interval` (see `Evaluation`) are empty where it was stopped
    early. ap_by_class: by format and name of a class, empty where there is one class."""

    training_id: str
    epochs: int
    stopped: bool
    seconds: float
    val_ap: float
    ap: dict[str, float]
    ap_square: dict[str, float | None]
    curve: list[EpochReport]
    ap_interval: dict[str, list[float]] = field(default_factory=dict)
    ap_by_class: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return _without_empty(asdict(self), "ap_by_class")


@dataclass(frozen=True)
class CompiledMeasure:
    """AP of the compiled file itself on the evaluation pictures; its fields have the names that
    they have in the study's files.

    note: why the simulator measured it and not the emulator, empty where the emulator did.
    kmodel_ap_interval, file_ap_by_class: as ap_interval and classes of `Evaluation`.
    formats: of its network, in formats that are looked at for designs on the front alone.
    """

    kmodel_ap: float
    kmodel_ap_square: float | None
    kmodel_bytes: int
    seconds: float
    note: str = ""
    kmodel_ap_interval: list[float] = field(default_factory=list)
    file_ap_by_class: dict[str, float | None] = field(default_factory=dict)
    formats: FormatAps = field(default_factory=FormatAps)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return _without_empty(asdict(self), "file_ap_by_class")


def _without_empty(told: dict[str, Any], name: str) -> dict[str, Any]:
    """`told` without the figures by class that a single class has not."""
    return {key: value for key, value in told.items() if key != name or value}
