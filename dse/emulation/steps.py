"""What a program consists of: steps that read and write main memory or feature maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dse.emulation.convolution import Layer, Maps
from dse.emulation.cpu_operations import run_on_cpu
from dse.emulation.memory import Memory, Region
from dse.emulation.stack_code import Instruction

__all__ = ["Copied", "Downloaded", "OnCpu", "OnKpu", "Step", "Uploaded"]

KpuMaps = dict[int, Maps]
"""The maps in the accelerator's memory, by number."""


@dataclass(frozen=True)
class OnCpu:
    """An operation of the CPU, in the code of `module`."""

    instruction: Instruction
    module: int

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """On all pictures of `memory`, as every step."""
        run_on_cpu(self.instruction, memory, self.module)


@dataclass(frozen=True)
class Uploaded:
    """Main memory -> map `written`, of shape (channels, height, width)."""

    source: Region
    shape: tuple[int, int, int]
    written: int

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """Channels first, then pictures."""
        levels = memory.view(self.source)
        planar = levels.reshape(len(levels), *self.shape).swapaxes(0, 1)
        maps[self.written] = np.ascontiguousarray(planar)


@dataclass(frozen=True)
class Downloaded:
    """Map `read` -> main memory."""

    read: int
    target: Region

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """Pictures first again."""
        target = memory.view(self.target)
        target[...] = maps[self.read].swapaxes(0, 1).reshape(target.shape)


@dataclass(frozen=True)
class Copied:
    """Main memory -> main memory, by the accelerator's module."""

    source: Region
    target: Region

    def run(self, memory: Memory, maps: KpuMaps) -> None:
        """The two do not overlap."""
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


Step = OnCpu | Uploaded | Downloaded | Copied | OnKpu
