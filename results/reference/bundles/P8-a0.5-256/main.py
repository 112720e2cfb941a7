# Faces in the camera's picture, on the display: P8-a0.5-256-kpu8 under CanMV (MicroPython for the K210).
#
# The firmware must hold the runtime of the kmodel's compiler, and its heap HEAP_BYTES: README.md.
import math
import time

SIZE = 256  # side of the canvas, pixels
ROWS, COLUMNS = 16, 16
CELLS = ROWS * COLUMNS
SCORE_LOGIT = 0.08565233  # log(t / (1 - t)) of the score threshold t = 0.5214
IOU_THRESHOLD = 0.4
BOX_SCALE = 2.0  # the kmodel writes box offsets this many times too large
LARGEST_LOG_RATIO = 8.0
LARGEST_LOGIT = 80.0
MAX_CANDIDATES = 400
MAX_FACES = 200
SD_KMODEL = "/sd/model.kmodel"  # taken where it is there, else what lies in flash
KMODEL_ADDRESS, KMODEL_BYTES = 0x300000, 236256
EMPTY = (127, 127, 127)
COLOUR = (255, 0, 0)
CANONICAL_BOXES = (  # width, height
    (176.82071, 232.33356),
    (99.84, 133.632),
    (68.096, 89.6),
    (52.736, 69.12),
    (41.472, 55.808),
    (35.328, 44.544),
    (29.184, 38.912),
    (26.27472, 32.073883),
    (22.13243, 28.260014),
    (20.48, 23.04),
    (17.92, 26.112),
    (16.719856, 21.386803),
    (15.091456, 17.653913),
    (13.015142, 18.998318),
    (12.396441, 15.469854),
    (11.270605, 12.649421),
    (9.88887, 14.346342),
    (9.199462, 11.665869),
    (7.9934974, 10.030438),
    (6.7503104, 9.391155),
    (6.9134183, 7.7205505),
    (5.687859, 8.443341),
    (5.6201525, 7.1924734),
    (5.1057663, 6.354176),
    (4.9465857, 5.4354434),
)
HEAP_BYTES = 2250752  # the canvas, and the output as a list: a 32-byte object a number
FRAMES_PER_LINE = 50  # whose mean times a printed line holds


def clip(value, low, high):
    return low if value < low else high if value > high else value


def candidates(output):
    """(-logit, place) of the boxes above the threshold, best first, the first of equals first."""
    found = []
    for b in range(len(CANONICAL_BOXES)):
        start = 5 * b * CELLS
        logits = output[start : start + CELLS]
        if max(SCORE_LOGIT, *logits) > SCORE_LOGIT:  # one call for all cells: most boxes are above in none
            for cell in range(CELLS):
                if logits[cell] > SCORE_LOGIT:
                    numbers = [output[start + k * CELLS + cell] for k in range(5)]
                    if all([number == number for number in numbers]):  # NaN is not itself
                        found.append((-numbers[0], cell * len(CANONICAL_BOXES) + b))
    found.sort()
    return found[:MAX_CANDIDATES]


def face_of(output, logit, place):
    """x0, y0, x1, y1 in pixels of the canvas, and the score."""
    cell, b = divmod(place, len(CANONICAL_BOXES))
    row, column = divmod(cell, COLUMNS)
    width, height = CANONICAL_BOXES[b]
    tx, ty, tw, th = [output[(5 * b + k) * CELLS + cell] / BOX_SCALE for k in (1, 2, 3, 4)]
    x = (column + 0.5) * SIZE / COLUMNS + width * tx
    y = (row + 0.5) * SIZE / ROWS + height * ty
    half_width = width / 2 * math.exp(clip(tw, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))
    half_height = height / 2 * math.exp(clip(th, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))
    return (
        clip(x - half_width, 0, SIZE),
        clip(y - half_height, 0, SIZE),
        clip(x + half_width, 0, SIZE),
        clip(y + half_height, 0, SIZE),
        1 / (1 + math.exp(-clip(logit, -LARGEST_LOGIT, LARGEST_LOGIT))),
    )


def area(x0, y0, x1, y1):
    return (x1 - x0) * (y1 - y0) if x1 > x0 and y1 > y0 else 0.0


def iou(a, b):
    common = area(max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3]))
    union = area(*a[:4]) + area(*b[:4]) - common
    return common / max(union, 1e-9)


def decode(output):
    """The faces that the kmodel's output (planes, one after the other) shows, best first."""
    kept = []
    for negative, place in candidates(output):
        face = face_of(output, -negative, place)
        if all([iou(face, better) <= IOU_THRESHOLD for better in kept]):
            kept.append(face)
            if len(kept) == MAX_FACES:
                break
    return kept


def on_picture(faces, scale, width, height):
    """Faces of the canvas as faces of the picture that lies at its top left, `scale` times as large."""
    found = []
    for x0, y0, x1, y1, score in faces:
        x0, x1 = clip(x0 / scale, 0, width), clip(x1 / scale, 0, width)
        y0, y1 = clip(y0 / scale, 0, height), clip(y1 / scale, 0, height)
        if x1 > x0 and y1 > y0:
            found.append((x0, y0, x1, y1, score))
    return found


def kmodel_place():
    """The kmodel's file on the SD card, or its address in flash."""
    import os

    try:
        os.stat(SD_KMODEL)
        return SD_KMODEL
    except OSError:  # no card, or no such file
        return KMODEL_ADDRESS


class Network:
    """The kmodel on the KPU."""

    NAME_OF_TIME = "run_and_list_ms"  # no time of the network alone, for the firmware makes a list in it

    def __init__(self):
        from maix import KPU

        self.kpu = KPU()
        place = kmodel_place()
        if place == SD_KMODEL:
            self.kpu.load_kmodel(place)
        else:
            self.kpu.load_kmodel(place, KMODEL_BYTES)

    def run(self, canvas):
        """The numbers of the output for an image of SIZE x SIZE, as a list."""
        return self.kpu.run_with_output(canvas, getlist=True)

    def close(self):
        """Gives the memory of the kmodel back."""
        self.kpu.deinit()


def main():
    import image
    import lcd
    import sensor
    from maix import freq, utils

    if utils.gc_heap_size() < HEAP_BYTES:
        raise MemoryError("type: from maix import utils; utils.gc_heap_size(%d); then reset" % HEAP_BYTES)
    lcd.init()
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    sensor.run(1)
    network = Network()
    try:
        canvas = image.Image(size=(SIZE, SIZE))
        canvas.draw_rectangle(0, 0, SIZE, SIZE, color=EMPTY, fill=True)
        print("network=P8-a0.5-256-kpu8 runtime=1.9 kpu_mhz=%d cpu_mhz=%d kmodel_sha256=777fc681b62e755c4a0c9973b9c1a1391dfb340084d64ba19b8a8d4742d76c19" % (freq.get_kpu(), freq.get_cpu()))
        while True:
            spent = [0, 0, 0, 0]
            for _ in range(FRAMES_PER_LINE):
                ticks = [time.ticks_us()]
                frame = sensor.snapshot()
                scale = SIZE / max(frame.width(), frame.height())
                canvas.draw_image(frame, 0, 0, x_scale=scale, y_scale=scale)
                canvas.pix_to_ai()
                ticks.append(time.ticks_us())
                output = network.run(canvas)
                ticks.append(time.ticks_us())
                faces = on_picture(decode(output), scale, frame.width(), frame.height())
                ticks.append(time.ticks_us())
                for x0, y0, x1, y1, score in faces:
                    box = (int(x0), int(y0), int(x1 - x0), int(y1 - y0))
                    frame.draw_rectangle(box, color=COLOUR, thickness=2)
                lcd.display(frame)
                ticks.append(time.ticks_us())
                for part in range(4):
                    spent[part] += time.ticks_diff(ticks[part + 1], ticks[part])
            camera, running, decoding, display = [us / FRAMES_PER_LINE for us in spent]
            print("%s=%.3f frame_us=%d camera_us=%d decode_us=%d display_us=%d faces=%d" % (network.NAME_OF_TIME, running / 1000, camera + running + decoding + display, camera, decoding, display, len(faces)))
    finally:
        network.close()


if __name__ == "__main__":
    main()
