# CanMV's part of the fake board: `maix.KPU`, whose errors are those of its Maix_kpu.c.
import sys

from fake_board import Board, Module


class CanMV(Board):
    def __init__(self, output, size, heap):
        Board.__init__(self, output, size, heap)
        maix = Module()
        maix.utils, maix.freq, maix.KPU = self.utils, self.freq, lambda: Kpu(self)
        sys.modules["maix"] = maix

    def output_of(self, numbers):
        return list(numbers)


class Kpu:
    def __init__(self, board):
        self.board, self.is_loaded = board, False

    def load_kmodel(self, place, size=0):
        if not isinstance(place, str) and (place <= 0 or size <= 0):
            raise ValueError("size error!")
        self.board.loaded, self.is_loaded = (place, size), True

    def run_with_output(self, canvas, getlist=False):
        if not self.is_loaded:
            raise OSError("Model Buffer maybe dirty!")
        if not canvas.is_for_kpu:
            raise OSError("Image formart error, use pix_to_ai() method to convert for kpu")
        self.board.read = canvas
        return self.board.output_of(self.board.output) if getlist else None

    def init_yolo2(self, anchor, anchor_num=5, img_w=320, img_h=240, net_w=320, net_h=240,
                   layer_w=10, layer_h=8, threshold=0.7, nms_value=0.4, classes=1):  # fmt: skip
        if layer_w * layer_h * anchor_num * (5 + classes) != len(self.board.output):
            raise OSError("init_yolo2 reads beyond the output")
        self.board.yolo2 = (threshold, nms_value, anchor_num, anchor)

    def regionlayer_yolo2(self):
        if self.board.yolo2 is None:
            raise OSError("regionlayer_yolo2 before init_yolo2")
        if self.board.read is None:
            raise OSError("regionlayer_yolo2: no output")
        return self.board.found

    def deinit(self):
        self.board.closed += 1
        was, self.is_loaded = self.is_loaded, False
        return was
