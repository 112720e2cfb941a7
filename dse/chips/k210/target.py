"""What a K210 with its firmware allows, and the constants of its time.

What each key means and where its figure comes from stands in `constraints/k210*.toml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from dse.chips.profiles import load_target
from dse.chips.target import Cycles, Firmware, Target
from dse.errors import UsageError
from dse.schema import quoted

__all__ = ["BOARD_PROGRAMS", "K210Target"]

BOARD_PROGRAMS = ("canmv", "maixpy", "sdk")
"""What runs on the board: a program in CanMV's or MaixPy-v1's MicroPython, or one in C on the
standalone SDK."""


WRITTEN_VERSIONS = (3, 4, 5)
"""Of kmodels, as dse can write them."""

VERSIONS, ONE_VERSION = "kmodel_versions_written", "kmodel_version_written"
GONE = (ONE_VERSION, "cpu_cycles_per_looked_up_byte", "cpu_cycles_per_moved_byte")
"""Keys that older studies have."""


@dataclass(frozen=True)
class K210Target(Target):
    """A K210 and its firmware."""

    kpu_memory_bytes: int
    main_memory_bytes: int
    firmware_bytes: int
    kmodel_versions_written: tuple[int, ...]
    kmodel_versions_loaded: tuple[int, ...]
    kmodel_hint: str
    nncase_version: str
    kmodel_loader: str
    board_program: str
    recognised_by: str
    kpu_clock_hz: int
    cpu_clock_hz: int
    interleaved: bool
    kmodel_3_results_by_dma: bool
    kpu_cycles_per_pair_line: float
    kpu_cycles_per_pair_row: float
    kpu_cycles_per_output_line: float
    kpu_cycles_per_weight_byte: float
    kpu_cycles_per_convolution: float
    kpu_cycles_per_depthwise_line: float
    kpu_cycles_per_depthwise_channel: float
    kpu_cycles_per_depthwise: float
    kpu_time_factor_low: float
    kpu_time_factor_high: float
    cpu_cycles_per_downloaded_byte: Cycles
    cpu_cycles_per_downloaded_byte_aligned: Cycles
    cpu_cycles_per_uploaded_byte: Cycles
    cpu_cycles_per_dma_byte: Cycles
    cpu_cycles_per_dequantized_element: Cycles
    cpu_cycles_per_quantized_element: Cycles
    cpu_cycles_per_copied_byte: Cycles
    cpu_cycles_per_padded_element: Cycles
    cpu_cycles_per_indexed_element: Cycles
    cpu_cycles_per_transposed_element: Cycles
    cpu_cycles_per_bilinear_element: Cycles
    cpu_cycles_per_nearest_element: Cycles
    cpu_cycles_per_pooled_element: Cycles
    cpu_cycles_per_element: Cycles
    cpu_cycles_per_mac: Cycles
    cpu_cycles_per_mac_beside_kpu: Cycles
    chip_power_w: float

    TOLD_LATER: ClassVar[Mapping[str, Any]] = {
        "nncase_version": "1.9.0.20230322",
        "kmodel_loader": "",
        "board_program": "sdk",
        "recognised_by": "",
        "kmodel_3_results_by_dma": True,
    }

    @classmethod
    def load(cls, name: str = "k210") -> K210Target:
        """As `load_target`. Raises UsageError, too, for another chip's."""
        return cls.own(load_target(name))

    @classmethod
    def own(cls, target: Target) -> K210Target:
        """`target`, which is a K210's. Raises UsageError for another chip's."""
        if not isinstance(target, cls):
            raise UsageError(f"'{target.name}' is no target of a K210", "take another --target")
        return target

    @classmethod
    def up_to_date(cls, table: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Target`: one version was written once, and 3 and 4 had constants of their own."""
        values = {key: value for key, value in table.items() if key not in GONE}
        version = table.get(ONE_VERSION)
        return values if version is None else {VERSIONS: [version], **values}

    @classmethod
    def renamed(cls, key: str) -> str:
        """See `Target`."""
        return f"{VERSIONS} = [...], a list" if key == ONE_VERSION else ""

    @classmethod
    def checked(cls, key: str, value: Any) -> Any:
        """As of `Target`. Raises ValueError, too, for what is no program or version known here."""
        value = super().checked(key, value)
        if key == "board_program" and value not in BOARD_PROGRAMS:
            known = ", ".join(BOARD_PROGRAMS)
            raise ValueError(f"'{key}' must be one of {known}, not {quoted(value)}")
        if key == VERSIONS and not (value and set(value) <= set(WRITTEN_VERSIONS)):
            known = ", ".join(map(str, WRITTEN_VERSIONS))
            raise ValueError(f"'{key}' must hold some of {known}, the preferred one first")
        return value

    @property
    def toolchain(self) -> str:
        """See `Target`."""
        return f"nncase {self.nncase_version}"

    @property
    def file_format(self) -> str:
        """See `Target`."""
        return f"kmodel {', '.join(map(str, self.kmodel_versions_written))}"

    @property
    def firmware(self) -> Firmware | None:
        """See `Target`."""
        if not self.recognised_by:
            return None
        versions = ", ".join(map(str, self.kmodel_versions_loaded))
        return Firmware(self.name, self.title, f"kmodel {versions}", self.recognised_by)

    @property
    def model_memory_bytes(self) -> int:
        """Main memory that the firmware leaves for a model and its buffers."""
        return self.main_memory_bytes - self.firmware_bytes
