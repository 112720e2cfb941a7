"""A small piece of the campaign of benchmarks/fuzz_readers.py, and what it must find."""

from __future__ import annotations

import importlib
import itertools
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
READERS = (
    "wider", "fddb", "yolo", "voc", "coco", "picture", "space", "target", "study", "journal",
    "replay", "weights", "tflite", "kmodel", "emulator", "old_kmodel", "log", "bundle",
)  # fmt: skip

PLANTED = """
import os, sys, time
sys.path.insert(0, {benchmarks!r})
import fuzz_readers, fuzz_table
from dse.errors import DataError

def read(folder, number):
    content = (folder / "a.txt").read_bytes()
    if number == 2: os.kill(os.getpid(), 11)
    if number == 3: time.sleep(60)
    if number == 4: raise KeyError("planted")
    if number == 5: bytearray(2 << 30)
    if number == 6: raise DataError("refused", "as it should be")

fuzz_table.READERS.clear()
fuzz_table.READERS["planted"] = fuzz_table.Reader(lambda: ({{"a.txt": b"1 2 3"}},), read, 0)
sys.exit(fuzz_readers.main(["planted", "--cases", "8", "--limit", "2", "--json", *sys.argv[1:]]))
"""


@pytest.fixture(scope="module")
def table() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        return importlib.import_module("fuzz_table")


def accounts(command: list[str]) -> tuple[int, list[dict[str, Any]]]:
    run = subprocess.run([sys.executable, *command], capture_output=True, text=True)
    assert run.stdout, run.stderr
    return run.returncode, json.loads(run.stdout)


@pytest.mark.slow
def test_every_reader_refuses_in_words_or_reads() -> None:
    """In a process of its own: children are forks, and this one may have threads."""
    script = str(BENCHMARKS / "fuzz_readers.py")
    code, found = accounts([script, "--cases", "24", "--limit", "60", "--json"])
    assert [one["reader"] for one in found] == list(READERS)
    for one in found:
        assert one["findings"] == [], one["reader"]
        assert one["cases"] == one["accepted"] + sum(one["refused"].values()) == 24
        assert one["accepted"], one["reader"]
    assert code == 0 and sum(sum(one["refused"].values()) for one in found) > 100


@pytest.mark.parametrize("workers", ["1", "3"])
def test_what_crashes_hangs_or_raises_is_found(workers: str) -> None:
    program = PLANTED.format(benchmarks=str(BENCHMARKS))
    code, [found] = accounts(["-c", program, "--workers", workers])
    findings = {one["command"].split()[-1]: (one["kind"], one["what"]) for one in found["findings"]}
    assert findings == {
        "2": ("crash", "SIGSEGV"),
        "3": ("hang", ""),
        "4": ("traceback", "KeyError"),
        "5": ("traceback", "MemoryError"),
    }
    assert (found["crashes"], found["hangs"], found["tracebacks"]) == (1, 1, 2)
    assert (found["accepted"], found["refused"], code) == (3, {"DataError": 1}, 1)


def test_one_case_is_shown_again(tmp_path: Path) -> None:
    script, kept = str(BENCHMARKS / "fuzz_readers.py"), tmp_path / "kept"
    command = [sys.executable, script, "space", "--case", "0", "--keep", str(kept)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert "1 cases" in run.stdout
    assert kept.is_dir()


@pytest.mark.parametrize("reader", READERS)
def test_a_case_is_the_same_every_time(
    reader: str, table: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", itertools.count(1e9, 3600).__next__)  # and at any hour
    cases = [table.case_files(reader, 0, number) for number in range(30)]
    assert cases == [table.case_files(reader, 0, number) for number in range(30)]
    assert len({repr(case) for case in cases}) > 15
    assert cases != [table.case_files(reader, 1, number) for number in range(30)]


def test_a_reader_outside_its_folder_is_found(table: ModuleType, tmp_path: Path) -> None:
    from dse.data.picture_files import load_pixels
    from dse.data.pictures import DataSet, Picture, no_boxes

    file = tmp_path / "set" / ".." / "a.png"
    outside = Picture("a", no_boxes(), partial(load_pixels, file), file=file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dse.data.sources.open_data", lambda *_: DataSet("x", (outside,)))
        with pytest.raises(AssertionError, match="outside its folder"):
            table.READERS["wider"].read(tmp_path / "set", 0)


def test_a_view_outside_its_memory_is_found(
    table: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np
    from numpy.lib.stride_tricks import as_strided

    from dse.chips.k210.emulator.memory import Memory

    whole = np.zeros(100, np.uint8)
    views = {"within": (whole[10:20], (10,)), "before": (whole[10:], (-1,))}
    monkeypatch.setattr(
        Memory,
        "view",
        lambda self, name: as_strided(views[name][0], (20 if name == "before" else 10,),
                                      (-1 if name == "before" else 1,)),
    )  # fmt: skip
    memory = object.__new__(Memory)
    with table._checked_views():
        memory.view("within")  # type: ignore[arg-type]
        with pytest.raises(AssertionError, match="outside its memory"):
            memory.view("before")  # type: ignore[arg-type]
