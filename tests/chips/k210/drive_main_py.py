# Runs main.py against the fake board, in CPython or MicroPython. Prints as JSON the faces of each
# map, then main.py's own log, what the board saw, and what main.py says where a heap is small.
# FOLDER holds main.py, the fakes and "maps": float32 planes of any number of pictures. FIRMWARE is
# "canmv" or "maixpy", KMODEL where the SD card would have a kmodel, VERSION the kmodel's.
import array
import json
import sys
import time

sys.path.append(FOLDER)  # noqa: F821  # set by who runs this
from fake_board import Shown

if FIRMWARE == "maixpy":  # noqa: F821
    from fake_maixpy import MaixPy as Firmware
else:
    from fake_canmv import CanMV as Firmware

if not hasattr(time, "ticks_us"):  # CPython
    time.ticks_us, time.ticks_diff = lambda: int(time.perf_counter() * 1e6), lambda a, b: a - b


def complaint(program):
    try:
        program["main"]()
    except MemoryError as error:
        return str(error)
    except Shown:
        return ""


program = {"__name__": "main"}
with open(FOLDER + "/main.py") as file:  # noqa: F821
    exec(file.read(), program)
program["FRAMES_PER_LINE"], program["SD_KMODEL"] = 1, KMODEL  # noqa: F821
SIZE = (program["SIZE"],) * 2 if "SIZE" in program else (program["WIDTH"], program["HEIGHT"])
bytes_per_map = 4 * 5 * len(program["CANONICAL_BOXES"]) * program["CELLS"]
with open(FOLDER + "/maps", "rb") as file:  # noqa: F821
    content = file.read(bytes_per_map)  # one at a time: all would fill MicroPython's heap
    while content:
        output = array.array("f", content)
        board = Firmware(output, SIZE, program["HEAP_BYTES"])
        print(json.dumps(program["decode"](board.output_of(output))))
        content = file.read(bytes_per_map)
board.version = VERSION  # noqa: F821
complaint(program)
print(
    json.dumps(
        {
            "language": sys.implementation.name,
            "loaded": board.loaded,
            "canvas": board.read.calls,
            "screen": board.lcd.shown.calls,
            "closed": board.closed,
        }
    )
)
heap, board.heap = board.heap, 1000
print(json.dumps(complaint(program)))
board.heap, board.free = heap, 1000
print(json.dumps(complaint(program) if FIRMWARE == "maixpy" else ""))  # noqa: F821
