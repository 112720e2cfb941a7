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

    def deinit(self):
        self.board.closed += 1
        was, self.is_loaded = self.is_loaded, False
        return was
