# MaixPy-v1's part of the fake board: the module `KPU`, whose errors are those of its Maix_kpu.c.
# What that file would do to freed memory is an error here.
import array
import sys

from fake_board import Board, Module


class MaixPy(Board):
    """version: of the kmodel that lies in flash. free: bytes outside of MicroPython's heap."""

    def __init__(self, output, size, heap, version=4, free=1 << 21):
        Board.__init__(self, output, size, heap)
        self.version, self.free, self.task, self.map = version, free, None, None
        kpu, maix = Module(), Module()
        for name in (
            "load",
            "set_outputs",
            "forward",
            "fmap_free",
            "deinit",
            "init_yolo2",
            "run_yolo2",
        ):
            setattr(kpu, name, getattr(self, name))
        self.utils.heap_free = lambda: self.free
        maix.utils, maix.freq = self.utils, self.freq
        sys.modules["KPU"], sys.modules["Maix"] = kpu, maix

    def output_of(self, numbers):
        return Map(numbers)

    def load(self, place):
        if isinstance(place, str):
            if ".kmodel" not in place:
                raise ValueError("[MAIXPY]kpu: model format don't match, only supply .kmodel ")
        elif not isinstance(place, int):
            raise TypeError("[MAIXPY]kpu: only accept int or string")
        elif place <= 0:
            raise ValueError("[MAIXPY]kpu: model_addr must > 0 ")
        if self.version not in (3, 4):
            raise ValueError(
                "[MAIXPY]kpu: load error:2002, ERR_KMODEL_VERSION: only support kmodel V3/V4 now"
            )
        self.loaded, self.task = place, Task()
        return self.task

    def require(self, task):
        if not isinstance(task, Task):
            raise TypeError("[MAIXPY]kpu: kpu_net type error")
        if task.is_gone:
            raise OSError("a kmodel after deinit")

    def set_outputs(self, task, index, width, height, channels):
        self.require(task)
        if self.version != 4 or index or width * height * channels != len(self.output):
            return False
        task.shape = (width, height, channels)
        return True

    def forward(self, task, canvas):
        self.require(task)
        if not canvas.is_for_kpu or canvas.size != self.size:
            raise ValueError("[MAIXPY]kpu: check img format err!\r\n")
        if self.version == 4 and task.shape is None:
            raise OSError("sipeed_kpu_get_outputs_shape err")
        if self.map is not None:
            self.map.numbers = None  # its memory is the next output's
        self.read, self.map = canvas, self.output_of(self.output)
        return self.map

    def init_yolo2(self, task, threshold, nms_value, anchor_number, anchor):
        self.require(task)
        if len(anchor) != 2 * anchor_number:
            raise TypeError("requested anchor items: " + str(2 * anchor_number))
        self.yolo2 = (threshold, nms_value, anchor_number, anchor)

    def run_yolo2(self, task, canvas):
        self.require(task)
        if not canvas.is_for_kpu or canvas.size != self.size:
            raise ValueError("[MAIXPY]kpu: check img format err!\r\n")
        if self.yolo2 is None:
            raise OSError("run_yolo2 before init_yolo2")
        if self.version == 4 and task.shape is None:
            raise ValueError("[MAIXPY]kpu: region_layer_init err: no shape!\r\n")
        self.read = canvas
        return [Thing(*one) for one in self.found] or None

    def fmap_free(self, map_of_numbers):
        map_of_numbers.get()
        map_of_numbers.numbers = None

    def deinit(self, task):
        self.require(task)
        self.closed += 1
        task.is_gone = True
        if self.map is not None:
            self.map.numbers = None
        return True


class Thing:
    def __init__(self, x, y, w, h, label, value):
        self.rect, self.classid, self.value = lambda: (x, y, w, h), lambda: label, lambda: value


class Task:
    def __init__(self):
        self.shape, self.is_gone = None, False


class Map:
    """A feature map in float32, which knows subscripts only: it has no length, and no iterator."""

    def __init__(self, numbers):
        self.numbers = array.array("f", numbers)

    def get(self):
        if self.numbers is None:
            raise OSError("a feature map whose memory was given back")
        return self.numbers

    def __getitem__(self, index):
        if isinstance(index, slice):
            return tuple(self.get()[index])
        return self.get()[index]

    def __iter__(self):
        raise TypeError("'kpu_fmap' object is not iterable")
