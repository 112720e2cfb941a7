"""The Kendryte K210 as `dse` knows it: the contract, fulfilled by the modules beside this one.

What pricing needs is imported here; compilers, emulator and board files when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from dse.chips.account import Account
from dse.chips.advice import Advice
from dse.chips.chip import Chip, Pictured
from dse.chips.cost import Cost, Pool, Use
from dse.chips.k210.camera import camera_note
from dse.chips.k210.columns import COLUMNS, MAIN_MEMORY_BYTES, PEAK_KPU_BYTES
from dse.chips.k210.cost.price import KPU_FORMAT, K210Cost, price
from dse.chips.k210.target import K210Target
from dse.chips.target import Target
from dse.chips.verdict import REJECTED, Verdict
from dse.detection.head import FACE_HEAD, Head
from dse.network.detector import Network
from dse.network.graph import Graph

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dse.chips.abilities import Calibration, ExportReport, Finding, VerifyReport
    from dse.chips.k210.compiler.deployment import Deployment
    from dse.chips.noise import QuantizationNoise
    from dse.data.pictures import DataSet
    from dse.detection.detector import Detector, Say
    from dse.evaluation import Prepared
    from dse.network.arrays import Predict, Weights
    from dse.space import Candidate

__all__ = ["K210"]

KPU_MEMORY = Pool(
    "kpu_memory", "KPU feature-map memory", "KPU memory", PEAK_KPU_BYTES.heading,
    PEAK_KPU_BYTES.name,
)  # fmt: skip
MAIN_MEMORY = Pool(
    "main_memory", "main memory", "RAM", MAIN_MEMORY_BYTES.heading, MAIN_MEMORY_BYTES.name
)  # fmt: skip


KMODEL_VERSION = "kmodel_version"
"""The reason of a verdict."""

ESTIMATED = (
    "parameters", "macs", "latency_ms", "latency_ms_low", "latency_ms_high", "energy_mj",
    "peak_kpu_bytes",
)  # fmt: skip
"""What the cost model says in a bundle's manifest."""


class K210(Chip):
    """Two RISC-V cores and an accelerator, the KPU, which computes convolutions in 8 bits."""

    name = "k210"
    title = "K210"
    formats = (KPU_FORMAT,)
    pools = (KPU_MEMORY, MAIN_MEMORY)
    columns = COLUMNS
    file_suffixes = (".kmodel", ".tflite")
    priced_suffixes = (".kmodel", ".smodel", ".emodel", ".kfpkg")
    bundled_file = "model.kmodel"
    packages = ("nncase",)
    target_type = K210Target
    places: ClassVar[Mapping[str, str]] = {
        "kpu": "KPU",
        "transfer": "CPU moves and converts maps",
        "cpu": "CPU computes",
    }

    # --- lower and price --------------------------------------------------------------------

    def price(self, graph: Graph, format: str, target: Target) -> K210Cost:
        """See `Chip`."""
        return price(graph, format, K210Target.own(target))

    def price_many(
        self, networks: Iterable[Network], formats: Iterable[str], target: Target
    ) -> Mapping[tuple[Network, str], K210Cost]:
        """See `Chip`; one lowering for all that come out alike."""
        from dse.chips.k210.cost.batch import price_networks

        return price_networks(networks, formats, K210Target.own(target))

    def uses(self, cost: Cost, target: Target) -> tuple[Use, Use]:
        """See `Chip`."""
        ours, allowed = _own(cost), K210Target.own(target)
        return (
            Use(KPU_MEMORY, ours.peak_kpu_bytes, allowed.kpu_memory_bytes, ours.peak_layer),
            Use(MAIN_MEMORY, ours.main_memory_bytes, allowed.model_memory_bytes, ours.data_layer),
        )

    def account(self, graph: Graph, format: str, target: Target) -> Account:
        """See `Chip`."""
        from dse.chips.k210.explaining import explained

        return explained(graph, format, K210Target.own(target))

    def advice(
        self, graph: Graph, cost: Cost, target: Target, *, brief: bool = False
    ) -> Sequence[Advice]:
        """See `Chip`; nothing for a format that the CPU computes."""
        from dse.chips.k210.advising import advised

        if cost.format != KPU_FORMAT:
            return ()
        return advised(self, graph, cost, target, brief=brief)

    def price_file(self, path: Path, target: Target) -> K210Cost:
        """See `Chip`: a kmodel of version 3, 4 or 5, by the runtime of its version."""
        from dse.chips.k210.file_cost.pricing import price_kmodel

        return price_kmodel(path, K210Target.own(target))

    def account_file(self, path: Path, target: Target) -> Account:
        """See `Chip`."""
        from dse.chips.k210.file_cost.accounting import account_of_kmodel

        return account_of_kmodel(path, K210Target.own(target))

    def files_in(self, path: Path) -> Sequence[str]:
        """See `Chip`: the kmodels of a flash package."""
        from dse.chips.k210.file_cost.packages import PACKAGE, kmodels_in

        return kmodels_in(path) if path.suffix.lower() == PACKAGE else [str(path)]

    def why_explored(self, format: str) -> str:
        """See `Chip`."""
        return f"explored only: the KPU computes in 8 bits, {format} would run on the CPU"

    def picture_note(self, networks: Sequence[Pictured], target: Target) -> str:
        """See `Chip`."""
        return camera_note(networks, K210Target.own(target))

    # --- judge ------------------------------------------------------------------------------

    def objection(self, cost: Cost, target: Target) -> Verdict | None:
        """The firmware's loader, which may not know the version of kmodel that it would get."""
        if not cost.deployable:
            return None
        firmware, ours = K210Target.own(target), _own(cost)
        if ours.unwritten:
            versions = " or ".join(map(str, firmware.kmodel_versions_written))
            message = f"kmodel version {versions} cannot be written: {ours.unwritten}"
            return Verdict(REJECTED, KMODEL_VERSION, "kmodel writer", message=message)
        if ours.kmodel_version in firmware.kmodel_versions_loaded:
            return None
        loads = ", ".join(map(str, firmware.kmodel_versions_loaded))
        message = (
            f"{target.title} loads kmodel version {loads}; this is version {ours.kmodel_version}"
        )
        if firmware.kmodel_hint:
            message += f": {firmware.kmodel_hint}"
        return Verdict(REJECTED, KMODEL_VERSION, "kmodel loader", message=message)

    # --- abilities --------------------------------------------------------------------------

    def model(
        self,
        graph: Graph,
        weights: Weights,
        format: str,
        calibration: NDArray[np.uint8],
        head: Head = FACE_HEAD,
    ) -> Predict:
        """See `Chip`: in kpu8 with biases corrected and boxes scaled, as `deploy` does."""
        from dse.chips.k210.quantization import predictor

        return predictor(graph, weights, format, calibration, head)

    def deploy(
        self,
        graph: Graph,
        weights: Weights,
        calibration: NDArray[np.uint8],
        target: Target,
        *,
        head: Head = FACE_HEAD,
    ) -> Deployment:
        """See `Chip`: nncase's kmodel, in the version that the firmware loads."""
        from dse.chips.k210.compiler.deployment import deploy

        firmware = K210Target.own(target)
        return deploy(
            graph,
            weights,
            calibration,
            head=head,
            nncase_version=firmware.nncase_version,
            kmodel_versions=firmware.kmodel_versions_written,
        )

    def compiled_row(
        self, name: str, target: Target, classes: int = 1, *, pictures: Path | None = None
    ) -> dict[str, Any] | None:
        """See `Chip`."""
        from dse.chips.k210.compiler.second_opinion import compiled_row

        return compiled_row(name, K210Target.own(target), classes, pictures=pictures)

    def compiled_text(self, row: Mapping[str, Any]) -> str:
        """See `Chip`."""
        from dse.chips.k210.compiler.second_opinion import compiled_table

        return compiled_table(row)

    def compiler(self, target: Target) -> str:
        """See `Chip`."""
        from dse.chips.k210.compiler.compiler import compiler_version

        return compiler_version()

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
        """See `Chip`: kmodel, decoders in C and MicroPython, model card."""
        from dse.chips.k210.bundle.bundle import export_bundle

        firmware = K210Target.own(target)
        return export_bundle(
            folder,
            candidate,
            graph,
            weights,
            calibration,
            data,
            estimate={name: getattr(estimate, name) for name in ESTIMATED},
            study=study,
            target=firmware,
            head=head,
        )

    def verify(self, path: Path, data: DataSet | None, target: Target | None) -> VerifyReport:
        """See `Chip`: a bundle, or a bare kmodel."""
        from dse.chips.k210.bundle.verify import verify_bundle, verify_kmodel

        firmware = K210Target.own(target) if target else None
        if path.is_dir():
            return verify_bundle(path, data, target=firmware)
        return verify_kmodel(path, data, target=firmware or K210Target.load())

    def detector(self, path: Path, say: Say) -> Detector:
        """See `Chip`: a kmodel, or the TensorFlow-Lite file beside it."""
        from dse.chips.k210.bundle.file_detectors import TfliteDetector, kmodel_detector

        if path.suffix == ".tflite":
            return TfliteDetector(path, say)
        return kmodel_detector(path / self.bundled_file if path.is_dir() else path, say)

    def noise(
        self,
        graph: Graph,
        weights: Weights,
        calibration: NDArray[np.uint8],
        prepared: Prepared,
        head: Head = FACE_HEAD,
    ) -> QuantizationNoise:
        """See `Chip`."""
        from dse.chips.k210.quantization.layer_noise import quantization_noise

        return quantization_noise(graph, weights, calibration, prepared, head)

    def calibrate(self, log: Path, target: Target, network: str, extends: str) -> Calibration:
        """See `Chip`."""
        from dse.chips.k210.calibration import calibrated

        return calibrated(log, K210Target.own(target), network, extends)

    def examine(self) -> Iterator[Finding]:
        """See `Chip`."""
        from dse.chips.k210.examining import findings

        return findings()


def _own(cost: Cost) -> K210Cost:
    assert isinstance(cost, K210Cost), "a cost that another chip made"
    return cost
