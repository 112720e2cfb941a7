"""Reads the headers of a kmodel: what a runtime would allocate, without running anything.

Version 5 is nncase 1.x (`include/nncase/runtime/model.h` and `src/codegen/module_builder.cpp`
of v1.9.0), version 4 nncase 0.2 (`lib/nncase/v0/include/runtime/model.h` of the standalone
SDK), version 3 nncase 0.1 (`kpu_kmodel_header_t` of the SDK's `kpu.h`). Numbers are little
endian. Everything here trusts nothing: a file that lies about its sizes is refused.
"""

from __future__ import annotations

import struct

from dse.chips.k210.kmodel.encrypted import ENCRYPTED_HINT, looks_encrypted
from dse.chips.k210.kmodel.kmodel_buffer import parse_version_3, parse_version_4
from dse.chips.k210.kmodel.kmodel_headers import (
    Function,
    Kmodel,
    MemoryPool,
    Module,
    Section,
    TensorRange,
)
from dse.chips.k210.kmodel.kmodel_reader import HINT, Reader, counted, expect
from dse.errors import VerificationFailed

__all__ = ["DATA_TYPES", "MAX_RANK", "Kmodel", "parse_kmodel"]

MAGIC = b"LDMK"
"""'KMDL' as a little-endian 32-bit number."""

LOCATIONS = {0: "input", 1: "output", 2: "rdata", 3: "data", 4: "shared", 64: "kpu"}
DATA_TYPES = {
    0: "int8", 1: "int16", 2: "int32", 3: "int64", 4: "uint8", 5: "uint16", 6: "uint32",
    7: "uint64", 8: "float16", 9: "float32", 10: "float64", 11: "bfloat16",
}  # fmt: skip
MAX_RANK = 8
MERGED_INTO_RDATA = 1

MODEL_HEADER_BYTES = 32
ALIGNMENTS = tuple(1 << power for power in range(13))
PRELIMINARY = struct.Struct("<8x4I")
"""What follows identifier and version in a model header before nncase 1.0."""

MOST_PRELIMINARY_MODULES = 16
"""A file has one for the CPU and one for each function of the accelerator."""


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
            return parse_version_4(reader)
        raise VerificationFailed(f"kmodel version {version} is unknown", "3, 4 and 5 are known")
    if len(data) >= 12 and struct.unpack_from("<I4xI", data) == (3, 0):
        return parse_version_3(reader)
    if looks_encrypted(data):
        raise VerificationFailed(
            "this is not a kmodel that can be read: its bytes look random, without a header, as in "
            "MaixPy's encrypted models (.smodel), which only the board that they are made for can "
            f"decrypt ({len(data)} bytes)",
            ENCRYPTED_HINT,
        )
    raise VerificationFailed(
        f"this is not a kmodel: it begins with {data[:4]!r}, not {MAGIC!r} ({len(data)} bytes)",
        HINT,
    )


def _parse_version_5(reader: Reader) -> Kmodel:
    _expect_released(reader.data)
    header = reader.numbers("8I", "the model header")
    header_size, alignment, modules, entry_module, entry_function = header[2], *header[4:]
    expect(
        header_size == MODEL_HEADER_BYTES,
        f"its header says that it is {header_size} bytes long, not {MODEL_HEADER_BYTES}",
    )
    expect(alignment in ALIGNMENTS, f"its alignment is {alignment}")
    found = tuple(_parse_module(reader) for _ in range(counted(modules, "modules")))
    expect(entry_module < len(found), f"module {entry_module} of {len(found)} is its entry")
    expect(reader.position == len(reader.data), "bytes follow its last module")
    functions = found[entry_module].functions
    expect(entry_function < len(functions), f"its entry function {entry_function} is missing")
    main = functions[entry_function]
    data_bytes = sum(module.pool_bytes("data") for module in found)
    entry = (entry_module, entry_function)
    return Kmodel(5, len(reader.data), main.inputs, main.outputs, data_bytes, found, entry)


def _expect_released(data: bytes) -> None:
    """Raises VerificationFailed for a sound file of an nncase before 1.0, whose model header is
    (identifier, version, flags, alignment, modules, main module), without its own size
    (`include/nncase/runtime/model.h` of nncase b27d3bf, July 2021)."""
    if len(data) < PRELIMINARY.size:
        return
    size_or_flags, alignment, modules, main = PRELIMINARY.unpack_from(data)
    sound = alignment in ALIGNMENTS and main < modules <= MOST_PRELIMINARY_MODULES
    if size_or_flags != MODEL_HEADER_BYTES and sound:
        raise VerificationFailed(
            "this kmodel of version 5 is older than nncase 1.0: its header has no size, as until "
            "July 2021. It may be sound, but runtimes of nncase 1.0 and later do not load it",
            "compile the network again, with nncase 1.0 or later",
        )


def _parse_module(reader: Reader) -> Module:
    start = reader.position
    type_name = reader.text(16, "a module's type")
    fields = reader.numbers("8I", "a module header")
    version, header_size, size, pools, shared, sections, functions, _ = fields
    expect(header_size == 48, f"module '{type_name}' has a header of {header_size} bytes")
    expect(shared == 0, f"module '{type_name}' claims shared memory")
    found_pools = tuple(_parse_pool(reader) for _ in range(counted(pools, "memory pools")))
    found_functions = tuple(_parse_function(reader) for _ in range(counted(functions, "functions")))
    found_sections = tuple(_parse_section(reader) for _ in range(counted(sections, "sections")))
    end = start + size
    expect(0 <= end - reader.position < 8, f"module '{type_name}' is not {size} bytes long")
    reader.skip(end - reader.position, f"the end of module '{type_name}'")
    names = [section.name for section in found_sections]
    expect(len(set(names)) == len(names), f"module '{type_name}' has two sections of one name")
    texts = [one for one in found_sections if one.name == ".text" and one.start >= 0]
    text_bytes = sum(text.size_bytes for text in texts)
    for function in found_functions:
        expect(
            function.text_end <= text_bytes,
            f"code of module '{type_name}' ends at {function.text_end}, .text at {text_bytes}",
        )
    return Module(type_name, version, size, found_pools, found_sections, found_functions)


def _parse_pool(reader: Reader) -> MemoryPool:
    location, size = reader.numbers("B3xI", "a memory pool")
    expect(location in LOCATIONS, f"memory location {location} is unknown")
    return MemoryPool(LOCATIONS[location], size)


def _parse_function(reader: Reader) -> Function:
    start = reader.position
    fields = reader.numbers("8I", "a function header")
    header_size, size, read_bytes, written_bytes, inputs, outputs, entry, text_bytes = fields
    expect(header_size == 32, f"a function's header is {header_size} bytes long, not 32")
    read = _parse_tensors(reader, counted(inputs, "inputs"), read_bytes)
    written = _parse_tensors(reader, counted(outputs, "outputs"), written_bytes)
    rest = start + size - reader.position
    expect(0 <= rest < 8, f"a function's header and tensors are not {size} bytes long")
    reader.skip(rest, "the end of a function header")
    return Function(read, written, entry, entry + text_bytes)


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
        tensors.append(TensorRange(DATA_TYPES[data_type], size, shape, start))
    return tuple(tensors)


def _parse_section(reader: Reader) -> Section:
    """A section's header and, unless it lies inside .rdata, its body."""
    name = reader.text(16, "a section's name")
    flags, gap, size, _ = reader.numbers("4I", "a section header")
    if flags & MERGED_INTO_RDATA:
        return Section(name, size, -1)
    reader.skip(gap + size, f"section '{name}'")
    return Section(name, size, reader.position - size)
