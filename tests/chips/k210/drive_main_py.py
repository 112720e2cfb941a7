# Runs main.py against the fake board, in CPython or MicroPython. Prints as JSON the faces of each
# map, then main.py's own log, what the board saw, and what main.py says where the heap is small.
# FOLDER holds main.py, fake_canmv.py and "maps": float32 planes of any number of pictures.
import array
import json
import sys
import time

sys.path.append(FOLDER)  # noqa: F821  # set by who runs this
from fake_canmv import Board, Shown

if not hasattr(time, "ticks_us"):  # CPython
    time.ticks_us, time.ticks_diff = lambda: 0, lambda a, b: a - b

program = {"__name__": "main"}
with open(FOLDER + "/main.py") as file:  # noqa: F821
    exec(file.read(), program)
bytes_per_map = 4 * 5 * len(program["CANONICAL_BOXES"]) * program["CELLS"]
with open(FOLDER + "/maps", "rb") as file:  # noqa: F821
    content = file.read(bytes_per_map)  # one at a time: all would fill MicroPython's heap
    while content:
        output = list(array.array("f", content))
        print(json.dumps(program["decode"](output)))
        content = file.read(bytes_per_map)
board = Board(output, program["HEAP_BYTES"])
try:  # noqa: SIM105  # MicroPython has no contextlib
    program["main"]()
except Shown:
    pass
print(
    json.dumps(
        {
            "language": sys.implementation.name,
            "loaded": board.loaded,
            "canvas": board.read.calls,
            "screen": board.shown.calls,
        }
    )
)
board.heap = 1000
try:
    program["main"]()
except MemoryError as error:
    print(json.dumps(str(error)))
