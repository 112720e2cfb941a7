"""Whether Vela can be had here: the first time that takes uv and the network."""

from __future__ import annotations

from functools import cache

import pytest

from dse.chips import load_target
from dse.chips.ethos_u.target import EthosUTarget
from dse.chips.ethos_u.vela import compiler
from dse.errors import CompilerError

__all__ = ["grove", "need_vela"]


def grove() -> EthosUTarget:
    """The board that the package has a profile of."""
    return EthosUTarget.own(load_target("grove-vision-ai-v2"))


def need_vela() -> None:
    """Skips a test where there is none."""
    reason = _missing()
    if reason:
        pytest.skip(reason)


@cache
def _missing() -> str:
    try:
        compiler(grove())
    except CompilerError as error:
        return str(error)
    return ""
