from __future__ import annotations

import pytest

from dse.chips import Chip, chip
from dse.chips.trainable import check_judged
from dse.errors import NotSupported
from tests.chips.toy_chip import Toy


def test_what_has_a_model_or_a_compiler_is_judged() -> None:
    check_judged(chip("k210"), ["kpu8", "FP32", "int8"])
    check_judged(Toy(), ["Q8", "FP32"])


def test_a_chip_that_only_prices_is_not() -> None:
    bare = type("Bare", (Toy,), {"deploy": Chip.deploy})()
    with pytest.raises(NotSupported, match="neither a compiler nor a model of its Q8") as caught:
        check_judged(bare, ["FP32", "Q8"])
    assert "--dry-run" in caught.value.hint
    check_judged(bare, ["FP32"])


def test_a_format_that_only_another_chip_models_is_told_before_a_training() -> None:
    with pytest.raises(NotSupported, match="AP in kpu8 cannot be told on the toy chip"):
        check_judged(Toy(), ["Q8", "kpu8"])
