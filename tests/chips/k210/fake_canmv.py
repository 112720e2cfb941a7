# What main.py needs of CanMV, for any Python: a camera, a KPU that answers with stored numbers, a
# display that ends the program at the second picture. It runs in MicroPython too: no type hints.
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

    def pix_to_ai(self):
        self.is_for_kpu = True


class Board:
    """Puts itself in the place of the firmware's modules."""

    def __init__(self, output, heap):
        self.output, self.heap, self.loaded, self.read, self.shown = output, heap, None, None, None
        sensor, lcd, image, maix, utils = Module(), Module(), Module(), Module(), Module()
        sensor.RGB565, sensor.QVGA, sensor.snapshot = "RGB565", "QVGA", Image
        for name in ("reset", "set_pixformat", "set_framesize", "run"):
            setattr(sensor, name, self.ignore)
        lcd.init, lcd.display, image.Image = self.ignore, self.display, Image
        utils.gc_heap_size = lambda: self.heap
        maix.utils, maix.KPU = utils, lambda: self
        for name, module in (("sensor", sensor), ("lcd", lcd), ("image", image), ("maix", maix)):
            sys.modules[name] = module

    def ignore(self, *values):
        pass

    def load_kmodel(self, address, size):
        self.loaded = (address, size)

    def run_with_output(self, canvas, getlist=False):
        assert canvas.is_for_kpu and getlist
        self.read = canvas
        return self.output

    def display(self, frame):
        if self.shown is not None:
            raise Shown
        self.shown = frame
