from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from dse import processes
from dse.errors import FileError


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def test_output_and_code_come_back() -> None:
    code, said, _ = processes.run(python("print('words'); raise SystemExit(3)"), 30)
    assert (code, said) == (3, "words\n")


def test_errors_belong_to_the_output_unless_unwanted() -> None:
    script = "import sys; print('words', file=sys.stderr)"
    assert processes.run(python(script), 30).output == "words\n"
    assert processes.run(python(script), 30, errors=False).output == ""


def test_a_signal_is_named() -> None:
    code, _, death = processes.run(python("import os; os.kill(os.getpid(), 9)"), 30)
    assert (code, death) == (-9, "killed by SIGKILL")


@pytest.mark.parametrize("waits", ["p.wait()", ""])
def test_time_is_limited_for_grandchildren_too(waits: str) -> None:
    """Also for one that holds the output open when its parent has ended."""
    script = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', "
        f"'import time; time.sleep(60)']); print(p.pid, flush=True); {waits}"
    )
    started = time.monotonic()
    code, said, _ = processes.run(python(script), 1.5)
    assert code is None
    assert time.monotonic() - started < 20
    if said:
        for _ in range(100):  # the system may take a moment to end what was killed
            if not alive(int(said)):
                break
            time.sleep(0.1)
        assert not alive(int(said))


def test_memory_is_limited() -> None:
    script = "try: bytearray(2 << 30)\nexcept MemoryError: print('refused')"
    assert processes.run(python(script), 30, memory_limit_bytes=1 << 30).output == "refused\n"


def test_a_lower_limit_of_the_system_stays() -> None:
    script = (
        "import resource, sys; from dse import processes\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "inner = 'import resource; print(resource.getrlimit(resource.RLIMIT_AS))'\n"
        "asked = [sys.executable, '-c', inner]\n"
        "print(processes.run(asked, 30, memory_limit_bytes=4 << 30).output)"
    )
    assert processes.run(python(script), 30).output.strip() == str((1 << 30, 1 << 30))


def test_no_core_file_is_written() -> None:
    script = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    assert processes.run(python(script), 30).output == "(0, 0)\n"


def test_output_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MOST_OUTPUT_BYTES", 1 << 20)
    code, said, _ = processes.run(python("while True: print('x' * 10_000)"), 60)
    assert code is None
    assert len(said) < 1 << 21


def test_nothing_is_read_from_the_terminal() -> None:
    assert processes.run(python("print(repr(input()))"), 30).code == 1


def test_a_program_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="cannot be started"):
        processes.run([str(tmp_path / "missing")], 30)


def test_a_companion_answers_until_it_ends() -> None:
    script = (
        "import sys; i, o = sys.stdin.buffer, sys.stdout.buffer\n"
        "o.write(i.read(3)[::-1]); o.flush(); i.read(1); sys.exit(7)"
    )
    companion = processes.Companion(python(script))
    companion.send(b"abc")
    assert companion.receive(3, time.monotonic() + 30) == b"cba"
    with pytest.raises(TimeoutError):
        companion.receive(1, time.monotonic() + 0.1)
    companion.send(b"!")
    with pytest.raises(processes.Ended, match="ended with code 7"):
        companion.receive(1, time.monotonic() + 30)
    companion.close()


def test_a_companion_that_is_gone_takes_nothing() -> None:
    companion = processes.Companion(python("import os; os.kill(os.getpid(), 11)"))
    with pytest.raises(processes.Ended, match="killed by SIGSEGV"):
        while True:
            companion.send(bytes(1 << 16))
    companion.close()


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("a\n\n b \n", "a | b"), ("1\n2\n3\n4\n5\n", "2 | 3 | 4 | 5")]
)
def test_last_lines(text: str, shown: str) -> None:
    assert processes.last_lines(text) == shown


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead but not yet collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
