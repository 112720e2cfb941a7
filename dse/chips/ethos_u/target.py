"""An Ethos-U in its system: what it may take, and what Vela must know of its memories.

What each key means and where its figure comes from stands in `constraints/ethos-u*.toml` and in
the boards' files beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dse.chips.target import Firmware, Target
from dse.errors import UsageError
from dse.schema import quoted

__all__ = ["EthosUTarget"]

KNOWN: Mapping[str, tuple[str, ...]] = {
    "accelerator": (
        *(f"ethos-u55-{macs}" for macs in (32, 64, 128, 256)),
        *(f"ethos-u65-{macs}" for macs in (256, 512)),
        *(f"ethos-u85-{macs}" for macs in (128, 256, 512, 1024, 2048)),
    ),
    "optimise": ("Performance", "Size"),
}
"""Keys that have one of a few values: Vela's own words."""

VERSION = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True)
class EthosUTarget(Target):
    """SRAM holds the maps, flash the weights: Vela's memory mode Shared_Sram."""

    accelerator: str
    vela_version: str
    optimise: str
    npu_clock_hz: int
    sram_bytes: int
    runtime_sram_bytes: int
    flash_bytes: int
    sram_ports: int
    sram_clock_scale: float
    sram_burst_bytes: int
    sram_read_latency_cycles: int
    sram_write_latency_cycles: int
    flash_clock_scale: float
    flash_burst_bytes: int
    flash_read_latency_cycles: int
    time_factor_low: float
    time_factor_high: float
    power_w: float
    loads: str
    recognised_by: str

    @classmethod
    def own(cls, target: Target) -> EthosUTarget:
        """`target`, which is an Ethos-U's. Raises UsageError for another chip's."""
        if not isinstance(target, cls):
            raise UsageError(f"'{target.name}' is no target of an Ethos-U", "take another --target")
        return target

    @classmethod
    def checked(cls, key: str, value: Any) -> Any:
        """As of `Target`. Raises ValueError, too, for what Vela does not know."""
        value = super().checked(key, value)
        if key in KNOWN and value not in KNOWN[key]:
            raise ValueError(f"'{key}' must be one of {', '.join(KNOWN[key])}, not {quoted(value)}")
        if key == "vela_version" and not VERSION.fullmatch(value):
            raise ValueError(f"'{key}' must be a version such as 5.2.0, not {quoted(value)}")
        return value

    @property
    def toolchain(self) -> str:
        """See `Target`."""
        return f"Vela {self.vela_version}"

    @property
    def firmware(self) -> Firmware | None:
        """See `Target`."""
        if not self.recognised_by:
            return None
        return Firmware(self.name, self.title, self.loads, self.recognised_by)

    @property
    def system(self) -> str:
        """Vela's configuration file: one system, one memory mode, both called "dse"."""
        return "\n".join(
            (
                "[System_Config.dse]",
                f"core_clock={self.npu_clock_hz}",
                "axi0_port=Sram",
                "axi1_port=OffChipFlash",
                f"Sram_ports_used={self.sram_ports}",
                f"Sram_clock_scale={self.sram_clock_scale}",
                f"Sram_burst_length={self.sram_burst_bytes}",
                f"Sram_read_latency={self.sram_read_latency_cycles}",
                f"Sram_write_latency={self.sram_write_latency_cycles}",
                f"OffChipFlash_clock_scale={self.flash_clock_scale}",
                f"OffChipFlash_burst_length={self.flash_burst_bytes}",
                f"OffChipFlash_read_latency={self.flash_read_latency_cycles}",
                "OffChipFlash_write_latency=0",
                "[Memory_Mode.dse]",
                "const_mem_area=Axi1",
                "arena_mem_area=Axi0",
                "cache_mem_area=Axi0",
                "",
            )
        )

    @property
    def options(self) -> tuple[str, ...]:
        """Vela's command line, but for its files."""
        chosen = ("--accelerator-config", self.accelerator, "--optimise", self.optimise)
        return (*chosen, "--system-config", "dse", "--memory-mode", "dse")
