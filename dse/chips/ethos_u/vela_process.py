"""Runs Vela under the interpreter that has it: imported once, then network after network.

Nothing of dse is there. Each line of stdin is a JSON list, Vela's command line, of which the
last argument is the network; --output-dir is the folder that it may fill. Each answer on stdout is
its length in bytes, as 8 digits in hexadecimal, and a JSON object: `summary` and `layers`, the
CSV files that Vela wrote; `printed`, what it told; `error`, why it failed, or "".
"""

from __future__ import annotations

import glob
import json
import os
import sys
from collections.abc import Callable

Main = Callable[[list[str]], int]

LENGTH_DIGITS = 8


def compile_one(main: Main, arguments: list[str], told: int) -> dict[str, str]:
    """One network. told: descriptor of the file that holds what is printed, C++'s, too."""
    folder = arguments[arguments.index("--output-dir") + 1]
    os.ftruncate(told, 0)
    os.lseek(told, 0, os.SEEK_SET)
    error = ""
    try:
        code = main(arguments)
        error = f"ended with code {code}" if code else ""
    except BaseException as problem:  # Vela exits, asserts and raises errors of its own
        error = f"{type(problem).__name__}: {problem}"
    sys.stdout.flush()
    printed = os.pread(told, os.fstat(told).st_size, 0).decode(errors="replace")
    summary, layers = _content(folder, "*_summary_*.csv"), _content(folder, "*_per-layer.csv")
    return {"summary": summary, "layers": layers, "printed": printed, "error": error}


def _content(folder: str, pattern: str) -> str:
    for path in glob.glob(os.path.join(folder, pattern)):
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    return ""


def run(printed: str) -> None:
    """Answers until stdin ends. printed: path of a file for what Vela prints."""
    answers = os.fdopen(os.dup(1), "wb")
    told = os.open(printed, os.O_RDWR)
    os.dup2(told, 1)
    from ethosu.vela.vela import main

    for line in sys.stdin:
        answer = json.dumps(compile_one(main, json.loads(line), told)).encode()
        answers.write(f"{len(answer):0{LENGTH_DIGITS}x}".encode() + answer)
        answers.flush()


if __name__ == "__main__":
    run(sys.argv[1])
