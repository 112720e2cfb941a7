"""Kmodels of versions 3 and 4 that people published: are the emulator's outputs the firmwares' own,
and how long does a picture take?

    python benchmarks/public_kmodels.py [FOLDER] [--pictures 8] [--workers 1] [--json]
        [--interpreter4 PROGRAM] [--interpreter3 PROGRAM]

FOLDER holds NAME.kmodel, NAME.expected.npz (`output0`, ... as flat float32, of the firmware's own
interpreter) and index.json (shape and type of each input), and lies beside the repository by
default. The input that they are of is drawn from `numpy.random.default_rng(7)`. A PROGRAM (see
`interpreters`) runs the files of its version, too: a sound one says what the emulator says.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from interpreters import difference
from numpy.typing import NDArray

from dse.chips.k210.emulator import predictor
from dse.chips.k210.kmodel.buffered import read_buffered

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "k210" / "kmodels"

VERSIONS = (4, 3)

TURNS = 5
"""Of which the fastest counts: what else the machine does slows some."""


def stated_input(about: dict[str, Any]) -> NDArray[Any]:
    """The picture that the expected outputs are of."""
    dice, shape = np.random.default_rng(7), tuple(map(int, about["input_shape"]))
    if about["input_type"] == "float32":
        return dice.uniform(-1, 1, size=shape).astype(np.float32)
    return dice.integers(0, 256, size=shape, dtype=np.uint8)


def measured(
    folder: Path, pictures: int, workers: int, interpreters: Mapping[int, Path]
) -> Iterator[dict[str, Any]]:
    """A row for each file. interpreters: the program that runs the kmodels of a version."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    for name in sorted(index):
        content = (folder / f"{name}.kmodel").read_bytes()
        picture = stated_input(index[name])
        predict = predictor(content, workers)
        found = predict.outputs(picture)
        with np.load(folder / f"{name}.expected.npz") as expected:
            wanted = [expected[f"output{number}"] for number in range(len(expected.files))]
        batch = np.repeat(picture, pictures, 0)
        seconds = []
        for _ in range(TURNS):
            started = time.perf_counter()
            predict.outputs(batch)
            seconds.append(time.perf_counter() - started)
        version = read_buffered(content).version
        program = interpreters.get(version)
        yield {
            "name": name,
            "version": version,
            "operations": len(read_buffered(content).steps),
            "interpreter": difference(program, content, picture, found) if program else "",
            "equal": len(found) == len(wanted)
            and all(np.array_equal(a[0], b) for a, b in zip(found, wanted, strict=True)),
            "emulator_ms_a_picture": round(1e3 * min(seconds) / pictures, 2),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a table; 1 where an output differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--pictures", type=int, default=8, help="in the batch that is timed")
    parser.add_argument("--workers", type=int, default=1, help="threads")
    for version in VERSIONS:
        parser.add_argument(f"--interpreter{version}", type=Path, metavar="PROGRAM")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    given = {version: getattr(options, f"interpreter{version}") for version in VERSIONS}
    programs = {version: program for version, program in given.items() if program}
    rows = list(measured(options.folder, options.pictures, options.workers, programs))
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            equal = "equal" if row["equal"] else "DIFFERENT"
            print(
                f"{row['name']:26} version {row['version']}  {row['operations']:4} operations  "
                f"{equal:9} {row['emulator_ms_a_picture']:8.2f} ms a picture {row['interpreter']}"
            )
    return int(not all(row["equal"] and not row["interpreter"] for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
