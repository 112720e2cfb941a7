"""The frames that a simulator process and its parent exchange.

Each is one byte of kind and four of length (little endian), then the content: a picture's
bytes ("p"), JSON with the tensors' shapes ("r", once, when the file is loaded), a map's
float32 numbers ("d"), or the reason why there is none ("e").
"""

from __future__ import annotations

import struct

__all__ = ["FRAME"]

FRAME = struct.Struct("<cI")
