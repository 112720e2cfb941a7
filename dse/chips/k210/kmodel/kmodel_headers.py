"""What the headers of a kmodel say, whatever its version: modules, functions, tensors."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "KPU_MEMORY_BYTES",
    "OLDER_RUNTIMES",
    "Function",
    "Kmodel",
    "MemoryPool",
    "Module",
    "Section",
    "TensorRange",
]

KPU_MEMORY_BYTES = 2 << 20
"""The accelerator's own memory, of every K210."""

OLDER_RUNTIMES = {3: "0.1", 4: "0.2"}
"""Version of the nncase whose runtime loads a file of an older version."""

RUNTIMES = {
    3: f"nncase {OLDER_RUNTIMES[3]} (standalone SDK, every MaixPy)",
    4: f"nncase {OLDER_RUNTIMES[4]} (standalone SDK, MaixPy with kmodel v4)",
    5: "nncase 1.x (standalone SDK, or CanMV built for it; of the compiler's own version)",
}


@dataclass(frozen=True)
class MemoryPool:
    """Memory that a module asks its runtime for."""

    location: str
    size_bytes: int


@dataclass(frozen=True)
class Section:
    """A named part of a module, such as ".text" or ".rdata".

    start: where its content begins in the file; -1 where it lies inside .rdata.
    """

    name: str
    size_bytes: int
    start: int


@dataclass(frozen=True)
class TensorRange:
    """An input or output; `shape` is empty where the file has none.

    start: its first byte in the memory of inputs or of outputs; in versions 3 and 4 in the one
    buffer.
    """

    type: str
    size_bytes: int
    shape: tuple[int, ...]
    start: int

    @property
    def end(self) -> int:
        """The byte behind its last."""
        return self.start + self.size_bytes


@dataclass(frozen=True)
class Function:
    """What it reads and writes, and where its code lies in the module's section .text."""

    inputs: tuple[TensorRange, ...]
    outputs: tuple[TensorRange, ...]
    text_start: int
    text_end: int


@dataclass(frozen=True)
class Module:
    """The part of a kmodel that one kind of processor runs ("stackvm" is the CPU)."""

    type: str
    version: int
    size_bytes: int
    pools: tuple[MemoryPool, ...]
    sections: tuple[Section, ...]
    functions: tuple[Function, ...]

    def pool_bytes(self, location: str) -> int:
        """Bytes asked for at `location`."""
        return sum(pool.size_bytes for pool in self.pools if pool.location == location)

    def content(self, name: str, kmodel: bytes) -> bytes:
        """Section `name` out of the file; empty where the module has none of its own."""
        found = (one for one in self.sections if one.name == name and one.start >= 0)
        return b"".join(kmodel[one.start : one.start + one.size_bytes] for one in found)


@dataclass(frozen=True)
class Kmodel:
    """What the headers say. Versions 3 and 4 have no modules; version 3 no inputs either.

    entry: (module, function) that a runtime calls.
    """

    version: int
    size_bytes: int
    inputs: tuple[TensorRange, ...]
    outputs: tuple[TensorRange, ...]
    data_bytes: int
    modules: tuple[Module, ...] = ()
    entry: tuple[int, int] = (0, 0)

    @property
    def runtime(self) -> str:
        """Which runtime loads such a file."""
        return RUNTIMES[self.version]

    @property
    def input_bytes(self) -> int:
        """Size of all inputs together."""
        return sum(tensor.size_bytes for tensor in self.inputs)

    @property
    def output_bytes(self) -> int:
        """Size of all outputs together."""
        return sum(tensor.size_bytes for tensor in self.outputs)

    @property
    def kpu_bytes(self) -> int:
        """Memory of the accelerator that the modules ask for; nncase 1.x asks for all it has."""
        return sum(module.pool_bytes("kpu") for module in self.modules)

    @property
    def main_memory_bytes(self) -> int:
        """Main memory in use while the network runs: the file, its buffers, inputs, outputs.

        Versions 3 and 4 keep inputs and outputs inside their one buffer.
        """
        ends = self.input_bytes + self.output_bytes if self.version == 5 else 0
        return self.size_bytes + self.data_bytes + ends
