"""The K210 keeps to the contract."""

import pytest

from dse.chips import Chip, Target, chip, load_target
from tests.chips.conformance import ChipConformance


class TestK210(ChipConformance):
    @pytest.fixture()
    def chip(self) -> Chip:
        return chip("k210")

    @pytest.fixture()
    def target(self, chip: Chip) -> Target:
        return load_target("k210")
