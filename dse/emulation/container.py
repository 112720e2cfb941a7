"""What a kmodel of version 5 holds beyond its headers: constants, functions and their code.

Layout: `include/nncase/runtime/model.h` and `src/codegen/module_builder.cpp` of nncase 1.9.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dse.errors import CompilerError
from dse.export.kmodel import Module, parse_kmodel

__all__ = ["CodeModule", "Container", "Function", "Tensor", "read_container"]

MODEL_HEADER_BYTES = 32
MODULE_HEADER_BYTES = 48
POOL_BYTES = 8
RANGE = struct.Struct("<BBHII")
DATA_TYPES = {2: "i4", 3: "i8", 4: "u1", 7: "u8", 9: "f4"}
"""Number of a data type in the file -> NumPy's name, for the types that detectors use."""


@dataclass(frozen=True)
class Tensor:
    """An input or output of a function: where it begins in its location, and what it is."""

    start: int
    size_bytes: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Function:
    """Code with what it reads and writes."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    text: bytes


@dataclass(frozen=True)
class CodeModule:
    """The functions of one kind of processor ("stackvm" is the CPU) and what they share."""

    type: str
    rdata: bytes
    data_bytes: int
    functions: tuple[Function, ...]


@dataclass(frozen=True)
class Container:
    """The whole file; `entry` is (module, function) that a runtime calls."""

    modules: tuple[CodeModule, ...]
    entry: tuple[int, int]

    @property
    def main(self) -> Function:
        """The function that a runtime calls."""
        return self.modules[self.entry[0]].functions[self.entry[1]]


def read_container(kmodel: bytes) -> Container:
    """The code in `kmodel`.

    Raises VerificationFailed for a damaged file, CompilerError for another version than 5.
    """
    headers = parse_kmodel(kmodel)
    if headers.version != 5:
        raise CompilerError(
            f"a kmodel of version {headers.version} cannot be emulated",
            "compile it with nncase 1.9, as `dse export` does",
        )
    modules, start = [], MODEL_HEADER_BYTES
    for module in headers.modules:
        modules.append(_read_module(kmodel, module, start))
        start += module.size_bytes
    module_index, function_index = struct.unpack_from("<2I", kmodel, 24)
    return Container(tuple(modules), (module_index, function_index))


def _read_module(kmodel: bytes, module: Module, start: int) -> CodeModule:
    sections = {
        section.name: kmodel[section.start : section.start + section.size_bytes]
        for section in module.sections
        if section.start >= 0
    }
    position = start + MODULE_HEADER_BYTES + POOL_BYTES * len(module.pools)
    text, functions = sections.get(".text", b""), []
    for _ in range(module.functions):
        function, size = _read_function(kmodel, position, text)
        functions.append(function)
        position += size
    rdata = sections.get(".rdata", b"")
    return CodeModule(module.type, rdata, module.pool_bytes("data"), tuple(functions))


def _read_function(kmodel: bytes, position: int, text: bytes) -> tuple[Function, int]:
    """The function whose header begins at `position`, and the size of that header."""
    fields = struct.unpack_from("<8I", kmodel, position)
    size, (inputs, outputs, entry, length) = fields[1], fields[4:]
    read, after = _read_tensors(kmodel, position + 32, inputs)
    written, _ = _read_tensors(kmodel, after, outputs)
    return Function(read, written, text[entry : entry + length]), size


def _read_tensors(kmodel: bytes, position: int, count: int) -> tuple[tuple[Tensor, ...], int]:
    """`count` memory ranges and then their shapes; and where they end."""
    ranges = [RANGE.unpack_from(kmodel, position + RANGE.size * i) for i in range(count)]
    position += RANGE.size * count
    tensors = []
    for _, data_type, _, start, size in ranges:
        (rank,) = struct.unpack_from("<I", kmodel, position)
        shape = struct.unpack_from(f"<{rank}I", kmodel, position + 4)
        position += 4 + 4 * rank
        tensors.append(Tensor(start, size, numpy_type(data_type), shape))
    return tuple(tensors), position


def numpy_type(data_type: int) -> str:
    """NumPy's name of a data type of the file. Raises CompilerError for one not known."""
    if data_type not in DATA_TYPES:
        raise CompilerError(
            f"the emulator does not know data type {data_type}", "measure it with the simulator"
        )
    return DATA_TYPES[data_type]
