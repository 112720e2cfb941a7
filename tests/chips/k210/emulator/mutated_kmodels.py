"""Kmodels with some of their numbers changed; and, as a program, what becomes of them.

    python tests/emulation/mutated_kmodels.py COUNT FILE ...

The program runs every file and COUNT changed ones of each, two pictures at a time, and prints
how many were refused and how many ran. Under NUMBA_BOUNDSCHECK=1 the compiled loops raise
IndexError where they would leave their arrays; nothing but a refusal may be raised. It ends
with code 3 where the loops are not checked.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from dse.chips.k210.emulator import kernels, predictor
from dse.chips.k210.kmodel.kmodel import parse_kmodel
from dse.errors import CompilerError, VerificationFailed

ODD = (
    *range(9), 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8,
    0xFFFFFFFF,
)  # fmt: skip
HEADERS_BYTES = 400
"""In front of a section, where its module's headers are."""


def mutated(kmodel: bytes, dice: random.Random) -> bytes:
    """`kmodel` with one to three numbers changed, most of them in its code and its headers."""
    texts = [s for m in parse_kmodel(kmodel).modules for s in m.sections if s.name == ".text"]
    codes = [(text.start, text.start + text.size_bytes) for text in texts]
    heads = [(0, 120), *((max(start - HEADERS_BYTES, 0), start) for start, _ in codes)]
    content = bytearray(kmodel)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        places = dice.choices((codes, heads, [(0, len(kmodel))]), weights=(14, 3, 3))[0]
        place, size = dice.randrange(*dice.choice(places)), dice.choice((1, 2, 4))
        old = int.from_bytes(content[place : place + size], "little")
        near = (old + 1, old - 1, old + 4, old - 4, 2 * old, -old, old ^ 1 << dice.randrange(32))
        new = dice.choice((*ODD, *near, dice.getrandbits(32))) % (1 << 8 * size)
        content[place : place + size] = new.to_bytes(size, "little")
    return bytes(content[: len(kmodel)])


def outcome(kmodel: bytes) -> str:
    """ "refused" or "ran"; other errors are none of ours."""
    try:
        predict = predictor(kmodel, 1)
        channels, height, width = predict._wanted
        maps = predict.outputs(np.full((2, height, width, channels), 99, np.uint8))
    except (VerificationFailed, CompilerError):
        return "refused"
    assert all(len(one) == 2 for one in maps)
    return "ran"


def main() -> None:
    levels, columns = np.zeros((1, 4), np.uint8), np.zeros((1, 8), np.float32)
    try:
        kernels.to_numbers(levels, 0, 0.0, columns)
    except IndexError:
        pass
    else:
        raise SystemExit(3)
    found: Counter[str] = Counter()
    for name in sys.argv[2:]:
        whole = Path(name).read_bytes()
        assert outcome(whole) == "ran"
        for seed in range(int(sys.argv[1])):
            found[outcome(mutated(whole, random.Random(f"{seed} {len(whole)}")))] += 1
    print(json.dumps(found))


if __name__ == "__main__":
    main()
