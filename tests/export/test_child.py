from __future__ import annotations

import sys
import time

import pytest

from dse.export import child


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_output_and_code_come_back() -> None:
    code, said, _ = child.run(python("print('words'); raise SystemExit(3)"), 30)
    assert (code, said) == (3, "words\n")


def test_a_signal_is_named() -> None:
    code, _, death = child.run(python("import os; os.kill(os.getpid(), 9)"), 30)
    assert (code, death) == (-9, "killed by SIGKILL")


def test_time_is_limited_for_grandchildren_too() -> None:
    script = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', "
        "'import time; time.sleep(60)']); print(p.pid, flush=True); p.wait()"
    )
    started = time.monotonic()
    code, said, _ = child.run(python(script), 1.5)
    assert code is None
    assert time.monotonic() - started < 20
    if said:
        for _ in range(100):  # the system may take a moment to end what was killed
            if not alive(int(said)):
                break
            time.sleep(0.1)
        assert not alive(int(said))


def test_a_childs_memory_is_limited() -> None:
    script = (
        "from dse.export.nncase_process import limit_memory; limit_memory(1 << 30)\n"
        "try: bytearray(2 << 30)\n"
        "except MemoryError: print('refused')"
    )
    assert child.run(python(script), 30)[1] == "refused\n"


def test_threads_are_what_was_asked_for() -> None:
    assert child.environment(1)["OMP_NUM_THREADS"] == "1"
    assert child.environment(2)["OMP_NUM_THREADS"] == "2"


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("a\n\n b \n", "a | b"), ("1\n2\n3\n4\n5\n", "2 | 3 | 4 | 5")]
)
def test_last_lines(text: str, shown: str) -> None:
    assert child.last_lines(text) == shown


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
