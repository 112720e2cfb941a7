"""What a kmodel of version 5 holds beyond its headers: constants, functions and their code."""

from __future__ import annotations

from dataclasses import dataclass

from dse.chips.k210.kmodel.kmodel import DATA_TYPES, parse_kmodel
from dse.chips.k210.kmodel.kmodel_headers import Function, Module, TensorRange
from dse.chips.k210.kmodel.kmodel_reader import expect
from dse.errors import CompilerError

__all__ = ["Code", "CodeModule", "Container", "Tensor", "numpy_type", "read_container"]

NUMPY_TYPES = {"int32": "i4", "int64": "i8", "uint8": "u1", "uint64": "u8", "float32": "f4"}
"""Data type of the file -> NumPy's name, for the types that detectors use."""

MOST_TEXT_BYTES = 1 << 20
"""Code of one function. A network of a hundred layers has 20 KB of it."""


@dataclass(frozen=True)
class Tensor:
    """An input or output of a function: where it begins in its location, and what it is."""

    start: int
    size_bytes: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Code:
    """A function: its code with what it reads and writes."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    text: bytes


@dataclass(frozen=True)
class CodeModule:
    """The functions of one kind of processor ("stackvm" is the CPU) and what they share."""

    type: str
    rdata: bytes
    data_bytes: int
    functions: tuple[Code, ...]


@dataclass(frozen=True)
class Container:
    """The whole file; `entry` is (module, function) that a runtime calls."""

    modules: tuple[CodeModule, ...]
    entry: tuple[int, int]

    @property
    def main(self) -> Code:
        """The function that a runtime calls."""
        return self.modules[self.entry[0]].functions[self.entry[1]]


def read_container(kmodel: bytes) -> Container:
    """The code in `kmodel`.

    Raises VerificationFailed for a damaged file, CompilerError for another version than 5.
    """
    headers = parse_kmodel(kmodel)
    if headers.version != 5:
        raise CompilerError(
            f"a kmodel of version {headers.version} holds no code of nncase 1.x",
            "compile it with nncase 1.9, as `dse export` does",
        )
    return Container(tuple(_module(one, kmodel) for one in headers.modules), headers.entry)


def _module(module: Module, kmodel: bytes) -> CodeModule:
    text = module.content(".text", kmodel)
    functions = tuple(_code(function, text) for function in module.functions)
    rdata = module.content(".rdata", kmodel)
    return CodeModule(module.type, rdata, module.pool_bytes("data"), functions)


def _code(function: Function, text: bytes) -> Code:
    size = function.text_end - function.text_start
    expect(size <= MOST_TEXT_BYTES, f"a function has {size} bytes of code")
    own = text[function.text_start : function.text_end]
    return Code(_tensors(function.inputs), _tensors(function.outputs), own)


def _tensors(ranges: tuple[TensorRange, ...]) -> tuple[Tensor, ...]:
    return tuple(Tensor(r.start, r.size_bytes, _known(r.type), r.shape) for r in ranges)


def numpy_type(number: int) -> str:
    """NumPy's name of a data type in the code. Raises CompilerError for one not known."""
    return _known(DATA_TYPES.get(number, f"number {number}"))


def _known(data_type: str) -> str:
    if data_type not in NUMPY_TYPES:
        raise CompilerError(
            f"the emulator does not know data type {data_type}", "measure it with the simulator"
        )
    return NUMPY_TYPES[data_type]
