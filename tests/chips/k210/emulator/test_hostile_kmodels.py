"""Kmodels that someone changed: refused, or run within their own memory, and soon done."""

from __future__ import annotations

import json
import os
import random
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dse.chips.k210.emulator import check_program, program
from dse.chips.k210.emulator.container import read_container
from dse.chips.k210.emulator.memory import Memory, Region, Spaces
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.errors import CompilerError, VerificationFailed
from tests.chips.k210.emulator import mutated_kmodels

BUNDLES = Path(__file__).parents[4] / "results/reference/bundles"
SHIPPED = sorted(BUNDLES.glob("*/model.kmodel"))
KMODEL = (BUNDLES / "P8-a0.5-128" / "model.kmodel").read_bytes()


def push(number: int) -> bytes:
    return struct.pack("<Bi", 0x02, number)


def changed(*pairs: tuple[bytes, bytes], module: str = "stackvm") -> bytes:
    """The shipped kmodel with pieces of a module's code replaced by others of their length."""
    (place,) = (
        (section.start, section.start + section.size_bytes)
        for one in parse_kmodel(KMODEL).modules
        for section in one.sections
        if (one.type, section.name) == (module, ".text")
    )
    text = KMODEL[slice(*place)]
    for old, new in pairs:
        assert len(old) == len(new) and old in text
        text = text.replace(old, new)
    return KMODEL[: place[0]] + text + KMODEL[place[1] :]


def test_what_is_changed_below_is_there() -> None:
    assert SHIPPED and mutated_kmodels.outcome(KMODEL) == "ran"


OUTPUT, SCRATCH = (struct.pack("<BBBI", 0x17, location, 0, 0) for location in (1, 3))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (push(8000), push(-8000), "runs backwards"),
        (push(64), push(-64), "runs backwards"),
        (push(64), push(-(2**31)), "runs backwards"),
        (push(64), push(2**31 - 1), "ends at"),
        (push(64), push(0), "several numbers at one place"),
        (push(125), push(-125), "is empty"),
        (push(125), push(126), "ends at"),
        (push(125), push(2**31 - 1), "ends at"),
        (OUTPUT, struct.pack("<BBBI", 0x17, 1, 0, 4), "ends at"),
        (OUTPUT, struct.pack("<BBBI", 0x17, 1, 0, 0xFFFFFFFC), "ends at"),
        (OUTPUT, struct.pack("<BBBI", 0x17, 2, 0, 0), "ends at"),
        (OUTPUT, struct.pack("<BBBI", 0x17, 64, 0, 0), "ends at"),
        (SCRATCH, struct.pack("<BBBI", 0x17, 3, 0, 1), "ends at"),
    ],
)
def test_one_number_that_leads_out_of_memory_is_refused(old: bytes, new: bytes, why: str) -> None:
    with pytest.raises(VerificationFailed, match=why):
        check_program(changed((old, new)))


class Guarded(Memory):
    """Memory whose views must lie within their rows, each row between bytes that must stay."""

    def __init__(self, pictures: int, spaces: Spaces) -> None:
        super().__init__(pictures, spaces)
        self._whole: list[NDArray[np.uint8]] = []
        for space, rows in self._rows.items():
            whole = np.full(rows.size + 128, 0xA5, np.uint8)
            whole[64:-64] = 0
            self._whole.append(whole)
            self._rows[space] = whole[64:-64].reshape(rows.shape)
        made.append(self)

    def view(self, region: Region) -> NDArray[Any]:
        found = super().view(region)
        rows = self._constants.get(region.space, self._rows.get(region.space))
        assert rows is not None
        (low, high), (first, last) = (np.lib.array_utils.byte_bounds(a) for a in (rows, found))
        assert low <= first <= last <= high
        return found

    def untouched(self) -> bool:
        return all(
            (whole[:64] == 0xA5).all() and (whole[-64:] == 0xA5).all() for whole in self._whole
        )


made: list[Guarded] = []


@pytest.fixture(scope="module")
def _guarded() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "Memory", Guarded)
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("_guarded")
@settings(max_examples=150, deadline=None)
@given(st.integers(0, 1 << 32))
def test_a_changed_kmodel_is_refused_or_stays_within_its_memory(seed: int) -> None:
    made.clear()
    ran = mutated_kmodels.outcome(mutated_kmodels.mutated(KMODEL, random.Random(seed)))
    assert bool(made) == (ran == "ran")
    assert all(memory.untouched() for memory in made)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_number_of_the_code_is_refused_or_harmless(data: st.DataObject) -> None:
    """Hypothesis looks for the number itself, and for the least that breaks anything."""
    container = read_container(KMODEL)
    text = data.draw(st.sampled_from([f.text for m in container.modules for f in m.functions]))
    place = KMODEL.index(text) + data.draw(st.integers(0, len(text) - 4))
    number = data.draw(st.integers(0, (1 << 32) - 1))
    try:
        check_program(KMODEL[:place] + struct.pack("<I", number) + KMODEL[place + 4 :])
    except (VerificationFailed, CompilerError) as error:
        assert error.hint


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which Numba's loops check every index; compiled apart from the others."""
    folder = str(tmp_path_factory.mktemp("checked"))
    return {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": folder}


@pytest.mark.slow
def test_compiled_loops_stay_within_their_arrays(checked: dict[str, str]) -> None:
    """The shipped kmodels and changed ones, in loops that are compiled to check every index."""
    script = str(Path(__file__).with_name("mutated_kmodels.py"))
    run = subprocess.run(
        [sys.executable, script, "15", *map(str, SHIPPED)],
        capture_output=True, text=True, env=checked, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout)
    assert found["ran"] > 5 and found["refused"] > 5


@pytest.mark.slow
def test_every_kind_of_layer_and_operation_stays_within_its_arrays(checked: dict[str, str]) -> None:
    """The tests of both once more, in loops that are compiled to check every index."""
    tests = [
        str(Path(__file__).with_name(f"test_{n}.py")) for n in ("convolution", "cpu_operations")
    ]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *tests],
        capture_output=True, text=True, env=checked, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:]


def test_a_header_that_claims_gigabytes_is_refused_before_they_are_allocated() -> None:
    place = KMODEL.index(b"stackvm") + 48 + 8  # behind the module's header and its first pool
    assert KMODEL[place] == 3  # .data
    tracemalloc.start()
    with pytest.raises(VerificationFailed, match="far more than the chip has"):
        check_program(KMODEL[: place + 4] + struct.pack("<I", (1 << 32) - 8) + KMODEL[place + 8 :])
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4 * len(KMODEL)
