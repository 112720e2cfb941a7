"""Numbers and texts out of a file that may be cut off or lie about its counts."""

from __future__ import annotations

import struct

from dse.errors import VerificationFailed

__all__ = ["HINT", "Reader", "counted", "expect"]

MAX_COUNT = 4096
"""More modules, functions, sections or tensors than any file has: a corrupt count."""

HINT = "export it again, and copy it in binary mode"


class Reader:
    """Little-endian numbers from `data`, front to back.

    Raises VerificationFailed, with the place, where `data` ends too early.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def numbers(self, format: str, what: str) -> tuple[int, ...]:
        """Unpacks `format` (of `struct`, without byte order) and moves on."""
        size = struct.calcsize(f"<{format}")
        self._reserve(size, what)
        values = struct.unpack_from(f"<{format}", self.data, self.position)
        self.position += size
        return values

    def text(self, size: int, what: str) -> str:
        """A fixed-size field of ASCII text, filled up with zeros."""
        self._reserve(size, what)
        raw = self.data[self.position : self.position + size].rstrip(b"\0")
        self.position += size
        if not raw or not all(32 < byte < 127 for byte in raw):
            raise VerificationFailed(f"the kmodel is corrupt: {what} is {raw!r}", HINT)
        return raw.decode("ascii")

    def skip(self, size: int, what: str) -> None:
        """Moves on by `size` bytes, which must be there."""
        self._reserve(size, what)
        self.position += size

    def _reserve(self, size: int, what: str) -> None:
        if self.position + size > len(self.data):
            raise VerificationFailed(
                f"the kmodel is truncated: {what} needs {size} bytes at {self.position}, "
                f"the file ends at {len(self.data)}",
                HINT,
            )


def expect(truth: bool, problem: str) -> None:
    """Raises VerificationFailed with `problem` unless it is so."""
    if not truth:
        raise VerificationFailed(f"the kmodel is corrupt: {problem}", HINT)


def counted(value: int, what: str) -> int:
    """`value`, a number of `what`. Raises VerificationFailed for one that no file has."""
    expect(value <= MAX_COUNT, f"it claims {value} {what}")
    return value
