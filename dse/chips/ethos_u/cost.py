"""What a network costs on an Ethos-U, in the terms that all chips have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dse.chips.cost import Cost

__all__ = ["FORMAT", "EthosUCost"]

FORMAT = "int8"
"""What the NPU computes in."""


@dataclass(frozen=True)
class EthosUCost(Cost):
    """sram_bytes: Vela's, and what the runtime adds. flash_bytes: for weights such as training
    gives, with the least and the most that other weights take. sram_layer, flash_layer: where a
    network needs most."""

    sram_bytes: int
    sram_layer: str
    flash_bytes: int
    flash_bytes_low: int
    flash_bytes_high: int
    flash_layer: str
    npu_cycles: int

    @property
    def file_bytes(self) -> int:
        """What lies in flash: the file is that and a few hundred bytes."""
        return self.flash_bytes

    @property
    def figures(self) -> Mapping[str, int]:
        """See `Cost`."""
        names = ("sram_bytes", "flash_bytes", "flash_bytes_low", "flash_bytes_high", "npu_cycles")
        return {name: getattr(self, name) for name in names}

    @property
    def notes(self) -> tuple[str, ...]:
        """See `Cost`."""
        if not self.flash_bytes_low < self.flash_bytes_high:
            return ()
        low, high = (
            f"{size / 1024:,.0f}" for size in (self.flash_bytes_low, self.flash_bytes_high)
        )
        return (f"flash depends on trained weights: between {low} and {high} KiB",)
