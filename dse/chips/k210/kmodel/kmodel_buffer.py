"""Kmodels of versions 3 and 4: inputs and outputs lie in the one buffer that a runtime allocates.

Version 4 is nncase 0.2 (`lib/nncase/v0/include/runtime/model.h` of the standalone SDK), version
3 nncase 0.1 (`kpu_kmodel_header_t` of the SDK's `kpu.h`).
"""

from __future__ import annotations

from dse.chips.k210.kmodel.kmodel_headers import KPU_MEMORY_BYTES, Kmodel, TensorRange
from dse.chips.k210.kmodel.kmodel_reader import Reader, counted, expect

__all__ = ["parse_version_3", "parse_version_4"]

MAIN_MEMORY, KPU_MEMORY = 1, 2
"""`memory_type_t` of version 4."""


def parse_version_4(reader: Reader) -> Kmodel:
    """The headers behind the magic number. Raises VerificationFailed where they lie."""
    header = reader.numbers("10I", "the model header")
    target, constants, main_memory, nodes, inputs, outputs = header[3:9]
    expect(target in (0, 1), f"its target is {target}, not 0 (CPU) or 1 (K210)")
    ranges = [reader.numbers("4I", "an input") for _ in range(counted(inputs, "inputs"))]
    shapes = [reader.numbers("4I", "an input's shape") for _ in ranges]
    written = [reader.numbers("4I", "an output") for _ in range(counted(outputs, "outputs"))]
    reader.skip(constants, "the constants")
    heads = [reader.numbers("II", "a node") for _ in range(counted(nodes, "nodes"))]
    _skip_bodies(reader, 4, heads)
    # version 4 knows two types: 0 is float32, 1 is uint8
    found_inputs = tuple(
        _range_of_version_4(fields, shape, main_memory)
        for fields, shape in zip(ranges, shapes, strict=True)
    )
    found_outputs = tuple(_range_of_version_4(fields, (), main_memory) for fields in written)
    return Kmodel(4, len(reader.data), found_inputs, found_outputs, main_memory)


def _skip_bodies(reader: Reader, version: int, heads: list[tuple[int, ...]]) -> None:
    """Moves on behind all operations, which must be there but for bytes that nothing reads."""
    size = sum(size for _, size in heads)
    if heads and reader.position + size > len(reader.data):
        from dse.chips.k210.kmodel.buffered import tail_is_missing  # forty classes: most need none

        number, own = heads[-1]
        if tail_is_missing(reader.data, version, number, reader.position + size - own, own):
            size = len(reader.data) - reader.position
    reader.skip(size, "the operations' bodies")


def _range_of_version_4(
    fields: tuple[int, ...], shape: tuple[int, ...], main_memory: int
) -> TensorRange:
    """fields: memory, data type, start, size. Inputs may lie in the accelerator's memory."""
    memory, data_type, start, size = fields
    expect(data_type in (0, 1), f"data type {data_type} is unknown")
    expect(memory in (MAIN_MEMORY, KPU_MEMORY), f"an input or output lies in memory {memory}")
    room = main_memory if memory == MAIN_MEMORY else KPU_MEMORY_BYTES
    return _within(TensorRange(("float32", "uint8")[data_type], size, shape, start), room)


def _within(tensor: TensorRange, memory_bytes: int) -> TensorRange:
    """`tensor`, which must end within its memory."""
    expect(
        tensor.end <= memory_bytes,
        f"an input or output ends at {tensor.end}, its memory at {memory_bytes}",
    )
    return tensor


def parse_version_3(reader: Reader) -> Kmodel:
    """The headers. Raises VerificationFailed where they lie."""
    header = reader.numbers("7I", "the model header")
    layers, main_memory, outputs = header[3], header[5], header[6]
    written = [reader.numbers("II", "an output") for _ in range(counted(outputs, "outputs"))]
    heads = [reader.numbers("II", "a layer") for _ in range(counted(layers, "layers"))]
    _skip_bodies(reader, 3, heads)
    found = tuple(
        _within(TensorRange("float32", size, (), start), main_memory) for start, size in written
    )
    return Kmodel(3, len(reader.data), (), found, main_memory)
