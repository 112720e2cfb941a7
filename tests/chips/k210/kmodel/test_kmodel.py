from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dse.chips.k210 import Deployment, Kmodel, parse_kmodel
from dse.chips.k210.kmodel.kmodel import MAGIC
from dse.errors import VerificationFailed

pytestmark = [pytest.mark.compiler, pytest.mark.slow]


def version_5() -> bytes:
    """A file of one module with one function (1 x 3 x 4 x 4 pixels to 10 numbers)."""
    tensors = struct.pack("<BBHII5I", 0, 4, 0, 0, 48, 4, 1, 3, 4, 4)
    tensors += struct.pack("<BBHII3I", 1, 9, 0, 0, 40, 2, 1, 10)
    size = 32 + len(tensors)
    padding = -size % 8
    function = struct.pack("<8I", 32, size + padding, 48, 40, 1, 1, 0, 16) + tensors
    function += bytes(padding)
    body = struct.pack("<B3xI", 3, 640) + function
    body += struct.pack("<16s4I", b".text", 0, 0, 16, 0) + bytes(16)
    module = struct.pack("<16s8I", b"stackvm", 1, 48, 48 + len(body), 1, 0, 1, 1, 0) + body
    return MAGIC + struct.pack("<7I", 5, 32, 0, 8, 1, 0, 0) + module


def version_4() -> bytes:
    """One input, one output, eight bytes of constants, two nodes."""
    header = struct.pack("<9I", 4, 0, 1, 8, 5000, 2, 1, 1, 0)
    tensors = struct.pack("<4I", 1, 1, 0, 48) + struct.pack("<4I", 1, 3, 4, 4)
    tensors += struct.pack("<4I", 1, 0, 48, 40)
    return MAGIC + header + tensors + bytes(8) + struct.pack("<4I", 1, 4, 2, 12) + bytes(16)


def version_3() -> bytes:
    """Two layers, one output."""
    header = struct.pack("<7I", 3, 1, 0, 2, 0, 7000, 1)
    return header + struct.pack("<2I", 0, 40) + struct.pack("<4I", 1, 4, 2, 12) + bytes(16)


WHOLE = {3: version_3(), 4: version_4(), 5: version_5()}


def test_headers_agree_with_the_compiler(deployment: Deployment) -> None:
    compiled, found = deployment.compiled, deployment.compiled.headers
    assert found.version == 5
    assert found.data_bytes == compiled.data_bytes
    assert found.main_memory_bytes == compiled.main_memory_bytes
    assert found.inputs[0].shape == (1, 3, 64, 64)
    assert found.outputs[0].shape == (1, 125, 4, 4)
    assert {module.type for module in found.modules} == {"stackvm", "k210"}
    kpu = next(module for module in found.modules if module.type == "k210")
    assert kpu.pool_bytes("kpu") == 2 * 1024 * 1024
    assert {section.name for section in kpu.sections} == {".rdata", ".text"}


@pytest.mark.parametrize(
    ("version", "memory"),
    [(3, 7000 + len(WHOLE[3])), (4, 5000 + len(WHOLE[4])), (5, 728 + len(WHOLE[5]))],
)
def test_every_version_is_recognised(version: int, memory: int) -> None:
    found = parse_kmodel(WHOLE[version])
    assert found.version == version
    assert found.main_memory_bytes == memory
    assert found.output_bytes == 40
    assert found.runtime.startswith("nncase ")


@pytest.mark.parametrize("version", WHOLE)
def test_no_beginning_of_a_file_passes_for_the_file(version: int) -> None:
    whole = WHOLE[version]
    for length in range(len(whole)):
        with pytest.raises(VerificationFailed):
            parse_kmodel(whole[:length])


@settings(max_examples=25)
@given(st.floats(0, 1, exclude_max=True))
def test_truncated_real_file_is_refused(kmodel: bytes, part: float) -> None:
    with pytest.raises(VerificationFailed) as caught:
        parse_kmodel(kmodel[: int(part * len(kmodel))])
    assert caught.value.hint


@given(st.binary(max_size=400))
def test_random_bytes_are_no_kmodel(content: bytes) -> None:
    with pytest.raises(VerificationFailed):
        parse_kmodel(content)


@given(st.sampled_from((3, 4, 5)), st.binary(max_size=300))
def test_random_bytes_behind_a_good_beginning(version: int, rest: bytes) -> None:
    start = struct.pack("<3I", 3, 0, 0) if version == 3 else MAGIC + struct.pack("<I", version)
    parse_or_refuse(start + rest)


@settings(max_examples=300)
@given(st.sampled_from((3, 4, 5)), st.data())
def test_a_flipped_byte_is_refused_or_harmless(version: int, draw: st.DataObject) -> None:
    content = bytearray(WHOLE[version])
    place = draw.draw(st.integers(0, len(content) - 1))
    content[place] = draw.draw(st.integers(0, 255))
    found = parse_or_refuse(bytes(content))
    if found is not None:
        assert found.size_bytes == len(content)


POOL_OF_INPUTS = 32 + 48 + 8 + 8
"""Where `version_5` keeps it: behind three headers and two fields of the function's."""


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [(POOL_OF_INPUTS, 47, "a tensor ends at 48"), (POOL_OF_INPUTS + 20, 17, "ends at 17, .text")],
)
def test_ranges_that_leave_their_memory_are_refused(place: int, value: int, words: str) -> None:
    content = bytearray(version_5())
    struct.pack_into("<I", content, place, value)
    with pytest.raises(VerificationFailed, match=words):
        parse_kmodel(bytes(content))


@pytest.mark.parametrize(
    ("version", "place", "value", "words"),
    [
        (3, 28, 6961, "ends at 7001, its memory at 7000"),
        (3, 32, 2**32 - 1, "ends at 4294967295"),
        (4, 48, 4953, "ends at 5001, its memory at 5000"),
        (4, 40, 0, "lies in memory 0"),
        (4, 40, 2, None),  # the accelerator's own
        (4, 80, 2**32 - 1, "ends at 4294967335"),
    ],
)
def test_tensors_of_older_versions_end_within_their_memory(
    version: int, place: int, value: int, words: str | None
) -> None:
    content = bytearray(WHOLE[version])
    struct.pack_into("<I", content, place, value)
    if words is None:
        assert parse_kmodel(bytes(content)).version == version
        return
    with pytest.raises(VerificationFailed, match=words):
        parse_kmodel(bytes(content))


def test_functions_tell_their_tensors_and_their_code() -> None:
    found = parse_kmodel(version_5())
    (function,) = found.modules[0].functions
    assert found.entry == (0, 0)
    assert [tensor.end for tensor in function.inputs + function.outputs] == [48, 40]
    assert (function.text_start, function.text_end) == (0, 16)
    assert found.modules[0].content(".text", version_5()) == bytes(16)
    assert found.modules[0].content(".rdata", version_5()) == b""


def test_code_in_two_sections_of_one_name_is_refused() -> None:
    """One reader would take the first, and another both."""
    whole = version_5()
    section = struct.pack("<16s4I", b".text", 0, 0, 16, 0) + bytes(16)
    twice = bytearray(whole + section)
    struct.pack_into("<I", twice, 32 + 24, len(twice) - 32)  # bytes of the module
    struct.pack_into("<I", twice, 32 + 36, 2)  # its sections
    with pytest.raises(VerificationFailed, match="two sections of one name"):
        parse_kmodel(bytes(twice))


@pytest.mark.parametrize("count", [2**32 - 1, 5000])
def test_absurd_counts_are_refused_at_once(count: int) -> None:
    content = bytearray(version_5())
    struct.pack_into("<I", content, 20, count)
    with pytest.raises(VerificationFailed, match="modules"):
        parse_kmodel(bytes(content))


def test_bytes_behind_the_last_module_are_refused() -> None:
    with pytest.raises(VerificationFailed, match="follow"):
        parse_kmodel(version_5() + b"\0")


def test_unknown_version_says_what_is_known() -> None:
    with pytest.raises(VerificationFailed, match="version 6") as caught:
        parse_kmodel(MAGIC + struct.pack("<I", 6) + bytes(64))
    assert "5" in caught.value.hint


def parse_or_refuse(content: bytes) -> Kmodel | None:
    """Nothing but a result or a refusal may come out."""
    try:
        return parse_kmodel(content)
    except VerificationFailed:
        return None


@pytest.mark.parametrize("flags", [0, 1])
def test_a_file_older_than_nncase_1_is_not_called_corrupt(flags: int) -> None:
    """Its header is (identifier, version, flags, alignment, modules, main module)."""
    older = b"LDMK" + struct.pack("<5I", 5, flags, 8, 2, 1) + bytes(400)
    with pytest.raises(VerificationFailed, match=r"older than nncase 1\.0") as caught:
        parse_kmodel(older)
    assert "corrupt" not in str(caught.value)
    assert "compile" in caught.value.hint
