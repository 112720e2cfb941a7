"""Kmodels of older versions, for the firmware that people have: from one of version 5.

nncase 1.9 quantizes, lowers and places a network; its file is read, and the same layers with the
same weights, tables and addresses are written as an older runtime wants them. The levels of every
map are the same to the bit.
"""

from __future__ import annotations

import numpy as np

from dse.chips.k210.emulator.program import check_program
from dse.chips.k210.older_versions.from_version_5 import level_program
from dse.chips.k210.older_versions.version_3 import version_3
from dse.chips.k210.older_versions.version_4 import version_4
from dse.errors import CompilerError

__all__ = ["rewritten"]

WRITERS = {3: version_3, 4: version_4}


def rewritten(kmodel5: bytes, version: int) -> bytes:
    """The kmodel `kmodel5`, of version 5, as one of `version`.

    Raises VerificationFailed for a damaged file, CompilerError for a network that `version` cannot
    express, or for a version that is not written here.
    """
    if version not in WRITERS:
        known = ", ".join(map(str, WRITERS))
        raise CompilerError(f"kmodel version {version} is not written", f"versions: {known}")
    check_program(kmodel5)
    with np.errstate(all="ignore"):  # a damaged file may scale by what is no number
        return WRITERS[version](level_program(kmodel5))
