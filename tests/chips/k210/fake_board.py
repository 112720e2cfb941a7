# What main.py needs of a board whichever firmware runs on it, for any Python: a camera, images,
# a display that ends the program at the second picture. It raises where a firmware does, or where
# a firmware goes on with something that is not there. It runs in MicroPython too: no type hints.
import sys


class Module:
    pass


class Shown(Exception):
    pass


class Image:
    def __init__(self, size=(320, 240)):
        self.size, self.calls, self.is_for_kpu = size, [], False

    def width(self):
        return self.size[0]

    def height(self):
        return self.size[1]

    def draw_image(self, other, x, y, x_scale=1.0, y_scale=1.0):
        self.calls.append(("image", other.size, x, y, x_scale, y_scale))

    def draw_rectangle(self, *where, color=None, thickness=1, fill=False):
        self.calls.append(("rectangle", where, color, fill))

    def draw_string(self, x, y, text, color=None):
        self.calls.append(("text", text))

    def pix_to_ai(self):
        self.is_for_kpu = True


class Sensor:
    """A camera that must be set up, in the firmwares' order."""

    RGB565, QVGA = "RGB565", "QVGA"
    STEPS = ("reset", "set_pixformat", "set_framesize", "run")

    def __init__(self):
        self.done = []

    def __getattr__(self, name):
        if name not in self.STEPS:
            raise AttributeError(name)

        def step(*values):
            if name == "reset":
                self.done = []
            if self.STEPS[len(self.done)] != name:
                raise OSError("sensor." + name + " after " + str(self.done))
            self.done.append(name)

        return step

    def snapshot(self):
        if len(self.done) < len(self.STEPS):
            raise OSError("no sensor: " + str(self.done))
        frame = Image()
        frame.is_for_kpu = True  # the camera port writes planes for the KPU, too
        return frame


class Lcd:
    """A display, which ends the program at the second picture."""

    def __init__(self):
        self.is_on, self.shown = False, None

    def init(self):
        self.is_on = True

    def display(self, frame):
        if not self.is_on:
            raise OSError("lcd.display before lcd.init")
        if self.shown is not None:
            raise Shown
        self.shown = frame


class Board:
    """Puts itself in the place of the modules that both firmwares have.

    output: numbers of the network's output. size: width and height of its input,
    pixels. heap: bytes of
    MicroPython's heap.
    """

    def __init__(self, output, size, heap):
        self.output, self.size, self.heap, self.loaded, self.read = output, size, heap, None, None
        self.lcd, self.closed, image = Lcd(), 0, Module()
        self.yolo2, self.found = None, []  # how the region layer was set up, and what it finds
        image.Image = Image
        self.utils, self.freq = Module(), Module()
        self.utils.gc_heap_size = lambda: self.heap
        self.freq.get_kpu, self.freq.get_cpu = lambda: 398, lambda: 403
        for name, module in (("sensor", Sensor()), ("lcd", self.lcd), ("image", image)):
            sys.modules[name] = module
