"""What a network costs on a target, in the terms that all chips have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Cost", "Pool", "Refusal", "Use"]


@dataclass(frozen=True)
class Pool:
    """A memory that a chip has and that a network may be too large for.

    name: stable key, the `reason` of a verdict. title, short: for people, in a sentence. header,
    field: of the column of tables, and of the field of `Cost.figures`, that hold its bytes.
    """

    name: str
    title: str
    short: str
    header: str
    field: str


class Use(NamedTuple):
    """Bytes of a pool that a network needs and may have; layer: where it needs most."""

    pool: Pool
    needed_bytes: int
    allowed_bytes: int
    layer: str


class Refusal(NamedTuple):
    """Why the chip's compiler makes no file of a network, or one that computes something else.

    layer, operation: where. why: what becomes of it. instead: what to do, one sentence.
    """

    layer: str
    operation: str
    why: str
    instead: str


@dataclass(frozen=True)
class Cost(ABC):
    """Cost of one picture: counts, milliseconds, millijoules; a chip adds its bytes.

    energy_mj: NaN where nobody knows the power.
    deployable: the chip computes in this format.
    unknown_ops: (layer, operation) of what no rule covers.
    refusals: why the compiler makes no file. Where there is one, or an unknown operation, the
        figures are no prices: see `is_priced`.
    range_dependent: layers at which the calibration pictures decide what the compiler makes of
        them; sizes are those of the likelier way.
    """

    format: str
    parameters: int
    macs: int
    latency_ms: float
    latency_ms_low: float
    latency_ms_high: float
    energy_mj: float
    deployable: bool
    unknown_ops: tuple[tuple[str, str], ...]
    range_dependent: tuple[str, ...]
    refusals: tuple[Refusal, ...] = field(default=(), kw_only=True)

    @property
    def is_priced(self) -> bool:
        """The figures are what the network costs, and not merely what is certain of it."""
        return not self.unknown_ops and not self.refusals

    @property
    @abstractmethod
    def file_bytes(self) -> int:
        """Size of the file for the chip; of the weights alone where a format has no file."""

    @property
    @abstractmethod
    def figures(self) -> Mapping[str, int]:
        """The chip's own fields of `dse check --json`: bytes, by stable names, and the like."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of the figures that they do not tell themselves, a sentence each."""
        return ()

    @property
    def written_as(self) -> str:
        """Which kind of file it is, in words, where it is not the chip's usual one."""
        return ""
