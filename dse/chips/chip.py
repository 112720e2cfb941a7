"""What `dse` asks of a chip: the contract that every chip fulfils.

A chip is a folder beside this file with a subclass of `Chip`, named in `registry.CHIPS`; a board
with its firmware is a file in `constraints/` that names its chip. The search, the page and the
commands work on any chip through this class alone, and know none by name.

A chip must describe itself and price networks. Everything after that is an ability that it may
lack: whoever asks for one gets `NotSupported`, which says so in words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

from dse.canvas import Canvas
from dse.chips.account import Account
from dse.chips.advice import Advice
from dse.chips.cost import Cost, Pool, Use
from dse.chips.target import Target
from dse.chips.verdict import FITS, Verdict, refused, too_much, unknown
from dse.columns import FIGURES, ChipColumns, Column
from dse.defaults import OTHERS_SPACE, SPACE
from dse.detection.head import FACE_HEAD, Head
from dse.errors import NotSupported
from dse.network.detector import Network
from dse.network.graph import Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dse.chips.abilities import Calibration, Deployed, ExportReport, Finding, VerifyReport
    from dse.chips.noise import QuantizationNoise
    from dse.data.pictures import DataSet
    from dse.detection.detector import Detector, Say
    from dse.evaluation import Prepared
    from dse.network.arrays import Predict, Weights
    from dse.space import Candidate

__all__ = ["Chip"]


class Pictured(NamedTuple):
    """A network that is compared: its name, the picture that it reads, and its milliseconds."""

    name: str
    canvas: Canvas
    latency_ms: float


class Chip(ABC):
    """A chip: how it is described, what networks cost on it, and how one gets there."""

    # --- describe -------------------------------------------------------------------------

    name: ClassVar[str]
    """Its key in `registry.CHIPS`, and what profiles call it."""
    title: ClassVar[str]
    """Its name for people."""

    formats: ClassVar[tuple[str, ...]]
    """Number formats that it computes in, the usual one first; others are explored only."""

    pools: ClassVar[tuple[Pool, ...]]
    """Its memories, in the order in which their limits are looked at."""

    file_suffixes: ClassVar[tuple[str, ...]] = ()
    """Of the files that `detector` and `verify` take, such as ".bin"."""

    priced_suffixes: ClassVar[tuple[str, ...]] = ()
    """Of the files of its own that `price_file` and `account_file` take."""

    bundled_file: ClassVar[str] = ""
    """The name of its file in a bundle, such as "model.bin"."""

    packages: ClassVar[tuple[str, ...]] = ()
    """Python packages whose version can change what it makes, for the record of a study."""

    target_type: ClassVar[type[Target]] = Target
    """What its profiles hold."""

    places: ClassVar[Mapping[str, str]]
    """Where a step may run -> the same in words, what it is for first."""

    spaces: ClassVar[tuple[str, str]] = (SPACE, OTHERS_SPACE)
    """Files of `search_spaces/` to search where none is named: for faces, and for other things."""

    @property
    def format(self) -> str:
        """The format that is meant where none is named."""
        return self.formats[0]

    @cached_property
    def columns(self) -> ChipColumns:
        """What it adds to the tables of designs: by default its file and its memories."""
        memories = (
            Column(one.field, one.title.capitalize(), int, "bytes", short=one.header,
                   source=FIGURES)
            for one in self.pools
        )  # fmt: skip
        return ChipColumns(
            costs=(Column("file_bytes", "File", int, "bytes", source=FIGURES), *memories),
            size="file_bytes",
            file_ap=Column("file_ap", "AP of the file", float, "ap"),
            file="file",
            accelerator=self.title,
            format=self.format,
        )

    # --- lower and price: before any training, exact where the compiler is -----------------

    @abstractmethod
    def price(self, graph: Graph, format: str, target: Target) -> Cost:
        """The cost of `graph` in `format` on `target`. Raises UnknownName for another format."""

    def price_many(
        self, networks: Iterable[Network], formats: Iterable[str], target: Target
    ) -> Mapping[tuple[Network, str], Cost]:
        """The cost of every detector in every format. A chip may have a faster way."""
        wanted = list(formats)
        return {
            (network, format): self.price(network.graph, format, target)
            for network in networks
            for format in wanted
        }

    @abstractmethod
    def uses(self, cost: Cost, target: Target) -> Sequence[Use]:
        """What a network of that cost needs of each of `pools`, in their order."""

    @abstractmethod
    def account(self, graph: Graph, format: str, target: Target) -> Account:
        """Layer by layer and step by step: where it runs and why, its time and its memory."""

    def advice(
        self, graph: Graph, cost: Cost, target: Target, *, brief: bool = False
    ) -> Sequence[Advice]:
        """What to change in `graph`, of that `cost`, with the price after it, the best first;
        brief: only up to the first change found that gains much."""
        return ()

    def price_file(self, path: Path, target: Target) -> Cost:
        """The cost of one of its own files on `target`, whatever made it: read, and not run.

        Raises FileError where it cannot be read, VerificationFailed where it is damaged or none.
        """
        self._lacks("has no files of its own to price")

    def account_file(self, path: Path, target: Target) -> Account:
        """The same file operation by operation. Raises as `price_file`."""
        self._lacks("has no files of its own to account for")

    def files_in(self, path: Path) -> Sequence[str]:
        """The names by which `price_file` takes what a package of its own, such as one for a flash
        tool, holds; a file that is none is its own only one. Raises as `price_file`."""
        return [str(path)]

    def why_explored(self, format: str) -> str:
        """Why a network in `format`, which is none of `formats`, is explored only."""
        return f"explored only: the {self.title} computes in {', '.join(self.formats)}"

    def picture_note(self, networks: Sequence[Pictured], target: Target) -> str:
        """What it takes, beside networks that are compared, to bring the camera's picture into
        each, in a line; empty where there is nothing to tell."""
        return ""

    # --- judge ------------------------------------------------------------------------------

    def judge(self, cost: Cost, target: Target) -> Verdict:
        """What is against the network: that the compiler cannot compile it, the first limit of
        `target` that `cost` passes, operations without a rule, and what the chip objects to."""
        if cost.refusals:
            return refused(cost.refusals)
        for use in self.uses(cost, target):
            if use.needed_bytes > use.allowed_bytes:
                return too_much(use)
        if cost.unknown_ops:
            return unknown(cost.unknown_ops, type(self).compiled_row is not Chip.compiled_row)
        return self.objection(cost, target) or FITS

    def objection(self, cost: Cost, target: Target) -> Verdict | None:
        """Why `target` does not run a network that fits, or None."""
        return None

    # --- abilities that a chip may lack -----------------------------------------------------

    def model(
        self,
        graph: Graph,
        weights: Weights,
        format: str,
        calibration: NDArray[np.uint8],
        head: Head = FACE_HEAD,
    ) -> Predict:
        """The trained network as `format` computes it: *the same arithmetic*, not a file.

        Here: weights as the format holds them, everything else in float32, as in the paper. A chip
        says how it computes in its own. calibration: canvases (n, h, w, 3) that ranges
        are measured on. Raises UnknownName for a format that does not exist.
        """
        from dse.network.keras_inference import predictor
        from dse.network.weight_formats import quantize_weights

        return predictor(graph, quantize_weights(weights, format))

    def deploy(
        self,
        graph: Graph,
        weights: Weights,
        calibration: NDArray[np.uint8],
        target: Target,
        *,
        head: Head = FACE_HEAD,
    ) -> Deployed:
        """The trained network quantized and compiled: a file, and how to run *the file itself*.

        Raises CompilerError, or WeightsError where `weights` are of another network.
        """
        self._lacks("has no compiler")

    def compiler(self, target: Target) -> str:
        """Name and version of what `compiled_row` and `deploy` ask. Raises CompilerError."""
        self._lacks("has no compiler")

    def compiled_row(
        self, name: str, target: Target, classes: int = 1, *, pictures: Path | None = None
    ) -> dict[str, Any] | None:
        """What the compiler says of a design, for `dse check --compile`; None for a format that
        it does not know. `agrees` is False where it contradicts `price`; `verdict` is "miscompiled"
        where the compiled file computes something else. classes: that a candidate tells apart.
        pictures: a folder or file to try a compiled file on; default noise."""
        self._lacks("has no compiler to ask")

    def compiled_text(self, row: Mapping[str, Any]) -> str:
        """A row of `dse check` with its field `compiled`, side by side, for a terminal."""
        self._lacks("has no compiler to ask")

    def bundle(
        self,
        folder: Path,
        candidate: Candidate,
        graph: Graph,
        weights: Weights,
        calibration: NDArray[np.uint8],
        data: DataSet,
        *,
        estimate: Cost,
        study: Mapping[str, Any],
        target: Target,
        head: Head = FACE_HEAD,
    ) -> ExportReport:
        """Compiles, checks and writes one detector into `folder`, all or nothing.

        calibration: (n, h, w, 3) uint8 training pictures that set ranges. data: evaluation
        pictures. estimate, study: what pricing said, and where the weights come from, for the
        record.
        Raises UsageError for a format that it does not run, CompilerError, and VerificationFailed
        where the file fails its check.
        """
        self._lacks("has no files to export")

    def verify(self, path: Path, data: DataSet | None, target: Target | None) -> VerifyReport:
        """Checks a bundle, or one of its files, from nothing else; with `data` its AP, too.

        target: what must hold it, default what it was made for.
        """
        self._lacks("has no files to verify")

    def detector(self, path: Path, say: Say) -> Detector:
        """One of its files as a detector that runs *the file itself*."""
        self._lacks("has no emulator or simulator to run a file")

    def noise(
        self,
        graph: Graph,
        weights: Weights,
        calibration: NDArray[np.uint8],
        prepared: Prepared,
        head: Head = FACE_HEAD,
    ) -> QuantizationNoise:
        """Where the chip's arithmetic loses accuracy, layer by layer, on evaluation pictures."""
        self._lacks("tells no noise layer by layer")

    def calibrate(self, log: Path, target: Target, network: str, extends: str) -> Calibration:
        """Time constants refitted to what a board printed.

        network: whose times they are, until the log says. extends: the name or path of `target`.
        """
        self._lacks("has no time constants to refit")

    def examine(self) -> Iterator[Finding]:
        """What its compiler and emulator need, and whether it is here, for `dse doctor`."""
        return iter(())

    def _lacks(self, what: str) -> NoReturn:
        raise NotSupported(f"the {self.title} {what} in dse", "take another --target")
