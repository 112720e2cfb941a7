"""Models that MaixPy alone can read, because they are encrypted for one board.

MaixPy-v1 loads `.kmodel`, `.smodel` and `.emodel` (`Maix_kpu.c`); what it does with the last two is
in a library without sources (`lib_sipeed_kpu.a`), whose names say AES-128-CBC by the chip's own
hardware, and whose error is "check smodel match with your board". So nothing tells such a file
from any other but that its bytes look drawn at random from the first on; a kmodel's headers do not.
"""

from __future__ import annotations

import math
from collections import Counter

__all__ = ["ENCRYPTED_HINT", "looks_encrypted"]

LOOKED_AT = 4096
"""Bytes at the beginning. The headers of a kmodel are there, with mostly zeros."""

RANDOM_BITS = 7.8
"""Entropy of a byte from which on they look random: so many random ones have 7.95, and the weights
of a kmodel, which are more even than its headers, 5 to 7."""

ENCRYPTED_HINT = "ask for the .kmodel that it was made from"


def looks_encrypted(data: bytes) -> bool:
    """Whether the beginning of `data` looks as if it were drawn at random."""
    beginning = data[:LOOKED_AT]
    if len(beginning) < LOOKED_AT:
        return False
    shares = (count / LOOKED_AT for count in Counter(beginning).values())
    return -sum(share * math.log2(share) for share in shares) >= RANDOM_BITS
