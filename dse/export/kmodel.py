"""Reads the headers of a kmodel: what a runtime would allocate, without running anything.

Version 5 is nncase 1.x (`include/nncase/runtime/model.h` and `src/codegen/module_builder.cpp`
of v1.9.0), version 4 nncase 0.2 (`lib/nncase/v0/include/runtime/model.h` of the standalone
SDK), version 3 nncase 0.1 (`kpu_kmodel_header_t` of the SDK's `kpu.h`). Numbers are little
endian. Everything here trusts nothing: a file that lies about its sizes is refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from dse.errors import VerificationFailed
from dse.export.kmodel_reader import HINT, Reader, counted, expect

__all__ = ["Kmodel", "MemoryPool", "Module", "Section", "TensorRange", "parse_kmodel"]

MAGIC = b"LDMK"
"""'KMDL' as a little-endian 32-bit number."""

LOCATIONS = {0: "input", 1: "output", 2: "rdata", 3: "data", 4: "shared", 64: "kpu"}
DATA_TYPES = {
    0: "int8", 1: "int16", 2: "int32", 3: "int64", 4: "uint8", 5: "uint16", 6: "uint32",
    7: "uint64", 8: "float16", 9: "float32", 10: "float64", 11: "bfloat16",
}  # fmt: skip
RUNTIMES = {
    3: "nncase 0.1 (standalone SDK, every MaixPy)",
    4: "nncase 0.2 (standalone SDK, MaixPy with kmodel v4)",
    5: "nncase 1.x (standalone SDK, or CanMV built for it; of the compiler's own version)",
}
MAX_RANK = 8
MERGED_INTO_RDATA = 1


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
class Module:
    """The part of a kmodel that one kind of processor runs ("stackvm" is the CPU)."""

    type: str
    version: int
    size_bytes: int
    pools: tuple[MemoryPool, ...]
    sections: tuple[Section, ...]
    functions: int

    def pool_bytes(self, location: str) -> int:
        """Bytes asked for at `location`."""
        return sum(pool.size_bytes for pool in self.pools if pool.location == location)


@dataclass(frozen=True)
class TensorRange:
    """An input or output of the whole network; `shape` is empty where the file has none."""

    type: str
    size_bytes: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Kmodel:
    """What the headers say. Versions 3 and 4 have no modules; version 3 no inputs either."""

    version: int
    size_bytes: int
    inputs: tuple[TensorRange, ...]
    outputs: tuple[TensorRange, ...]
    data_bytes: int
    modules: tuple[Module, ...] = ()

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


def parse_kmodel(data: bytes) -> Kmodel:
    """The headers of `data`, the content of a kmodel file.

    Raises VerificationFailed, with the place and the reason, for anything else.
    """
    reader = Reader(data)
    if data[:4] == MAGIC:
        version = struct.unpack_from("<4xI", data)[0] if len(data) >= 8 else None
        if version == 5:
            return _parse_version_5(reader)
        if version == 4:
            return _parse_version_4(reader)
        raise VerificationFailed(f"kmodel version {version} is unknown", "3, 4 and 5 are known")
    if len(data) >= 12 and struct.unpack_from("<I4xI", data) == (3, 0):
        return _parse_version_3(reader)
    raise VerificationFailed(
        f"this is not a kmodel: it begins with {data[:4]!r}, not {MAGIC!r} ({len(data)} bytes)",
        HINT,
    )


def _parse_version_5(reader: Reader) -> Kmodel:
    header = reader.numbers("8I", "the model header")
    header_size, alignment, modules, entry_module, entry_function = header[2], *header[4:]
    expect(header_size == 32, f"its header says that it is {header_size} bytes long, not 32")
    expect(alignment in (1 << i for i in range(13)), f"its alignment is {alignment}")
    parsed = [_parse_module(reader) for _ in range(counted(modules, "modules"))]
    expect(entry_module < len(parsed), f"module {entry_module} of {len(parsed)} is its entry")
    expect(reader.position == len(reader.data), "bytes follow its last module")
    functions = parsed[entry_module][1]
    expect(entry_function < len(functions), f"its entry function {entry_function} is missing")
    entry = functions[entry_function]
    found = tuple(module for module, _ in parsed)
    data_bytes = sum(module.pool_bytes("data") for module in found)
    return Kmodel(5, len(reader.data), entry.inputs, entry.outputs, data_bytes, found)


class _Function(NamedTuple):
    """What it reads and writes, and where its code ends in the module's .text."""

    inputs: tuple[TensorRange, ...]
    outputs: tuple[TensorRange, ...]
    text_end: int


def _parse_module(reader: Reader) -> tuple[Module, list[_Function]]:
    start = reader.position
    type_name = reader.text(16, "a module's type")
    fields = reader.numbers("8I", "a module header")
    version, header_size, size, pools, shared, sections, functions, _ = fields
    expect(header_size == 48, f"module '{type_name}' has a header of {header_size} bytes")
    expect(shared == 0, f"module '{type_name}' claims shared memory")
    found_pools = tuple(_parse_pool(reader) for _ in range(counted(pools, "memory pools")))
    found_functions = [_parse_function(reader) for _ in range(counted(functions, "functions"))]
    found_sections = tuple(_parse_section(reader) for _ in range(counted(sections, "sections")))
    end = start + size
    expect(0 <= end - reader.position < 8, f"module '{type_name}' is not {size} bytes long")
    reader.skip(end - reader.position, f"the end of module '{type_name}'")
    text_bytes = sum(section.size_bytes for section in found_sections if section.name == ".text")
    for function in found_functions:
        expect(
            function.text_end <= text_bytes,
            f"code of module '{type_name}' ends at {function.text_end}, .text at {text_bytes}",
        )
    module = Module(type_name, version, size, found_pools, found_sections, functions)
    return module, found_functions


def _parse_pool(reader: Reader) -> MemoryPool:
    location, size = reader.numbers("B3xI", "a memory pool")
    expect(location in LOCATIONS, f"memory location {location} is unknown")
    return MemoryPool(LOCATIONS[location], size)


def _parse_function(reader: Reader) -> _Function:
    start = reader.position
    fields = reader.numbers("8I", "a function header")
    header_size, size, read_bytes, written_bytes, inputs, outputs, entry, text_bytes = fields
    expect(header_size == 32, f"a function's header is {header_size} bytes long, not 32")
    read = _parse_tensors(reader, counted(inputs, "inputs"), read_bytes)
    written = _parse_tensors(reader, counted(outputs, "outputs"), written_bytes)
    rest = start + size - reader.position
    expect(0 <= rest < 8, f"a function's header and tensors are not {size} bytes long")
    reader.skip(rest, "the end of a function header")
    return _Function(read, written, entry + text_bytes)


def _parse_tensors(reader: Reader, count: int, pool_bytes: int) -> tuple[TensorRange, ...]:
    """`count` memory ranges in a pool, then their `count` shapes."""
    ranges = [reader.numbers("BBHII", "a tensor") for _ in range(count)]
    tensors = []
    for _, data_type, _, start, size in ranges:
        expect(
            start + size <= pool_bytes,
            f"a tensor ends at {start + size}, its pool of inputs or outputs at {pool_bytes}",
        )
        (rank,) = reader.numbers("I", "a tensor's rank")
        expect(rank <= MAX_RANK, f"a tensor claims {rank} dimensions")
        shape = reader.numbers(f"{rank}I", "a tensor's shape")
        expect(data_type in DATA_TYPES, f"data type {data_type} is unknown")
        tensors.append(TensorRange(DATA_TYPES[data_type], size, shape))
    return tuple(tensors)


def _parse_section(reader: Reader) -> Section:
    """A section's header and, unless it lies inside .rdata, its body."""
    name = reader.text(16, "a section's name")
    flags, gap, size, _ = reader.numbers("4I", "a section header")
    if flags & MERGED_INTO_RDATA:
        return Section(name, size, -1)
    reader.skip(gap + size, f"section '{name}'")
    return Section(name, size, reader.position - size)


def _parse_version_4(reader: Reader) -> Kmodel:
    header = reader.numbers("10I", "the model header")
    target, constants, main_memory, nodes, inputs, outputs = header[3:9]
    expect(target in (0, 1), f"its target is {target}, not 0 (CPU) or 1 (K210)")
    ranges = [reader.numbers("4I", "an input") for _ in range(counted(inputs, "inputs"))]
    shapes = [reader.numbers("4I", "an input's shape") for _ in ranges]
    written = [reader.numbers("4I", "an output") for _ in range(counted(outputs, "outputs"))]
    reader.skip(constants, "the constants")
    bodies = [reader.numbers("II", "a node")[1] for _ in range(counted(nodes, "nodes"))]
    reader.skip(sum(bodies), "the nodes' bodies")
    # version 4 knows two types: 0 is float32, 1 is uint8
    found_inputs = tuple(
        TensorRange(_type_of_version_4(data_type), size, shape)
        for (_, data_type, _, size), shape in zip(ranges, shapes, strict=True)
    )
    found_outputs = tuple(
        TensorRange(_type_of_version_4(data_type), size, ()) for _, data_type, _, size in written
    )
    return Kmodel(4, len(reader.data), found_inputs, found_outputs, main_memory)


def _type_of_version_4(data_type: int) -> str:
    expect(data_type in (0, 1), f"data type {data_type} is unknown")
    return ("float32", "uint8")[data_type]


def _parse_version_3(reader: Reader) -> Kmodel:
    header = reader.numbers("7I", "the model header")
    layers, main_memory, outputs = header[3], header[5], header[6]
    written = [reader.numbers("II", "an output") for _ in range(counted(outputs, "outputs"))]
    bodies = [reader.numbers("II", "a layer")[1] for _ in range(counted(layers, "layers"))]
    reader.skip(sum(bodies), "the layers' bodies")
    found = tuple(TensorRange("float32", size, ()) for _, size in written)
    return Kmodel(3, len(reader.data), (), found, main_memory)
