"""What a program consists of: steps that read and write main memory or feature maps."""

from __future__ import annotations

from dataclasses import dataclass

from dse.chips.k210.emulator.convolution import Layer, Maps
from dse.chips.k210.emulator.kpu_memory import LayerInMemory
from dse.chips.k210.emulator.memory import Memory, Region
from dse.chips.k210.emulator.operands import Run

__all__ = ["Copied", "Downloaded", "OnCpu", "OnKpu", "Step", "Uploaded"]

KpuMaps = dict[int, Maps]
"""The maps in the accelerator's memory, by number."""


@dataclass(frozen=True)
class OnCpu:
    """An operation of the CPU, made ready."""

    operation: Run

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """On all pictures of `memory`, as every step."""
        self.operation(memory)


@dataclass(frozen=True)
class Uploaded:
    """Main memory -> map `written`. source: of shape (channels, height, width)."""

    source: Region
    written: int

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """Channels first, then pictures; a copy, as the source may change."""
        maps[self.written] = memory.view(self.source).swapaxes(0, 1).copy()


@dataclass(frozen=True)
class Downloaded:
    """Map `read` -> main memory. target: of shape (channels, height, width)."""

    read: int
    target: Region

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """Pictures first again."""
        memory.view(self.target)[...] = maps[self.read].swapaxes(0, 1)


@dataclass(frozen=True)
class Copied:
    """Main memory -> main memory, by the accelerator's module."""

    source: Region
    target: Region

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """As if all were read before any is written."""
        memory.view(self.target)[...] = memory.view(self.source)


@dataclass(frozen=True)
class OnKpu:
    """A layer of the accelerator, map -> map."""

    layer: Layer
    read: int
    written: int

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """Convolution, activation and pool."""
        maps[self.written] = self.layer.run(maps[self.read])


Step = OnCpu | Uploaded | Downloaded | Copied | OnKpu | LayerInMemory
