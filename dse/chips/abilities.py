"""What a chip's abilities hand over: a compiled network, a bundle, a verified file."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dse.errors import DataError, DseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dse.network.arrays import Predict

__all__ = ["Calibration", "Deployed", "ExportReport", "Finding", "Run", "VerifyReport"]


class Run:
    """A compiled network on pictures: a `Predict` that says how it computes."""

    note: str = ""
    """Why a slower way was taken; empty for the usual one."""

    def __init__(self, predict: Predict, how: str) -> None:
        """how: as of `how`."""
        self._predict, self._how = predict, how

    def __call__(self, canvases: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Maps (n, h, w, channels) of `canvases` (n, h, w, 3), in order, as in training."""
        return self._predict(canvases)

    @property
    def how(self) -> str:
        """Whether *the file itself* or *the same arithmetic* was computed, by what, and by which
        referee that was compared with."""
        return self._how


class Deployed(ABC):
    """A trained network as a file for the chip."""

    @property
    @abstractmethod
    def content(self) -> bytes:
        """The file."""

    @property
    @abstractmethod
    def compiler(self) -> str:
        """Name and version of what made it."""

    @property
    def log(self) -> str:
        """What that printed."""
        return ""

    @property
    def figures(self) -> Mapping[str, int | None]:
        """Bytes, by the names of `Cost.figures`; None where the compiler does not say."""
        return {"file_bytes": len(self.content)}

    @abstractmethod
    def running(self, workers: int | None = None) -> AbstractContextManager[Run]:
        """The file itself on pictures. workers: threads or processes, default one a core."""


@dataclass(frozen=True)
class ExportReport:
    """What an export came to. ap: of the float network; kmodel_ap: of the file itself.

    path: the bundle. kmodel, kmodel_bytes: the file for the chip in it, whatever the chip.
    """

    path: Path
    candidate: str
    kmodel: Path
    kmodel_bytes: int
    ap: float
    kmodel_ap: float


@dataclass
class VerifyReport:
    """ok: nothing is wrong. problems: what is, one sentence each. measured: figures found."""

    problems: list[str] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether no problem was found."""
        return not self.problems

    @contextlib.contextmanager
    def noting(self) -> Iterator[None]:
        """An error inside becomes a problem, unless it is one of the pictures."""
        try:
            yield
        except DataError:
            raise
        except DseError as error:
            self.problems.append(str(error))


@dataclass(frozen=True)
class Calibration:
    """Time constants refitted to a log. ignored: lines of it without a time that is used.

    account: times, errors and constants before and after, as plain values; table: the same for
    a terminal. profile: text of a TOML file that extends the target by the new constants.
    """

    ignored: tuple[int, ...]
    account: Mapping[str, Any]
    table: str
    profile: str


@dataclass(frozen=True)
class Finding:
    """One thing that `dse doctor` looked at. advice: what to type where `ok` is False."""

    name: str
    ok: bool
    found: str
    advice: str = ""
