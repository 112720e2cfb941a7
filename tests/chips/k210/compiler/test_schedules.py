from __future__ import annotations

from pathlib import Path

import pytest

from dse.chips.k210.compiler.schedules import peak_kpu_bytes, without_noise
from dse.errors import CompilerError

pytestmark = pytest.mark.slow

LINES = """\
.physical_buffer
%0(in) : <u8 [1,3,8,8] 192 bytes of [1,3,8,8]> @input[0, 192] life(0, 2)
%1(up) : <u8 [1,3,8,8] 192 bytes of [1,3,8,8]> @unknown[0, 512] life(0, 2)
%2(conv/act)\t : <u8 [144] 144 bytes of [144]> @rdata[{start}, {end}] life(6, 8)
%3(conv) : <u8 [1,16,8,8] 1024 bytes of [1,16,8,8]> @unknown[512, 2560] life(7, 12)
"""


def write(folder: Path, start: int) -> None:
    (folder / "k210_0.sched").write_text(LINES.format(start=start, end=start + 144))


def test_peak_is_what_lies_between_the_lowest_and_the_highest_address(tmp_path: Path) -> None:
    (tmp_path / "k210_1.sched").write_text("%1(x) : <u8> @unknown[2096640, 2097152] life(0, 2)")
    write(tmp_path, 0)
    (tmp_path / "main.sched").write_text("%1(x) : <u8> @unknown[0, 99999] life(0, 2)")
    assert peak_kpu_bytes(tmp_path) == 2560


def test_no_function_on_the_kpu_has_no_peak(tmp_path: Path) -> None:
    assert peak_kpu_bytes(tmp_path) is None


def test_only_spare_bits_are_cleared(kmodel: bytes, tmp_path: Path) -> None:
    write(tmp_path, 256)
    noisy = bytearray(kmodel)
    start = kmodel_constants(kmodel) + 256
    noisy[start : start + 144] = b"\xff" * 144
    cleaned = without_noise(bytes(noisy), tmp_path)
    changed = [place - start for place in range(len(noisy)) if noisy[place] != cleaned[place]]
    assert changed == list(range(7, 128, 8))
    assert {cleaned[start + place] for place in changed} == {0x0F}


def test_a_table_outside_the_constants_is_refused(kmodel: bytes, tmp_path: Path) -> None:
    write(tmp_path, 10**9)
    with pytest.raises(CompilerError, match="schedule"):
        without_noise(kmodel, tmp_path)


def kmodel_constants(kmodel: bytes) -> int:
    from dse.chips.k210 import parse_kmodel

    module = next(m for m in parse_kmodel(kmodel).modules if m.type == "k210")
    return next(s.start for s in module.sections if s.name == ".rdata")
