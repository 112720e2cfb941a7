"""What every chip must keep to: a test class for each chip inherits this one.

A chip's own class says how it is made and which designs fit and do not; the rest is asked of all.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from dse.chips import Chip, Target, check_rows, check_table, explain, price_candidate, price_space
from dse.chips.cost import Cost
from dse.detection.head import FACE_HEAD
from dse.errors import NotSupported, UnknownName
from dse.network.detector import Network, detector_graph
from dse.space import SearchSpace, Training
from dse.study.columns import StudyColumns

__all__ = ["ChipConformance"]


class ChipConformance:
    """fits, too_large: trainings, in the chip's own format."""

    fits: ClassVar[str] = "A98-a0.35-96"
    too_large: ClassVar[str] = "A98-a1-1024"

    @pytest.fixture()
    def chip(self) -> Chip:
        raise NotImplementedError

    @pytest.fixture()
    def target(self, chip: Chip) -> Target:
        raise NotImplementedError

    @pytest.fixture()
    def space(self, chip: Chip) -> SearchSpace:
        axes = {
            "breakpoint": ["A", "P"], "frozen_until": [98, 5], "width": [0.35, 0.5],
            "input_size": [96, 1024], "format": [*chip.formats, "FP32"],
        }  # fmt: skip
        return SearchSpace.of("conformance", axes)

    def cost(self, chip: Chip, target: Target, name: str) -> Cost:
        return chip.price(detector_graph(Training.parse(name)), chip.format, target)

    def test_it_describes_itself(self, chip: Chip, target: Target) -> None:
        assert chip.name == target.chip
        assert chip.title and chip.formats and chip.pools and chip.places
        assert isinstance(target, chip.target_type)
        assert len({pool.name for pool in chip.pools}) == len(chip.pools)

    def test_a_price_has_a_band_and_all_figures(self, chip: Chip, target: Target) -> None:
        cost = self.cost(chip, target, self.fits)
        assert 0 < cost.latency_ms_low <= cost.latency_ms <= cost.latency_ms_high
        assert cost.deployable and not cost.unknown_ops
        assert cost.figures[chip.columns.size] == cost.file_bytes > 0
        for pool in chip.pools:
            assert cost.figures[pool.field] >= 0

    def test_its_columns_are_figures_that_every_cost_has(self, chip: Chip, target: Target) -> None:
        figures, columns = self.cost(chip, target, self.fits).figures, chip.columns
        assert {column.name for column in columns.costs} <= set(figures)
        assert {pool.field for pool in chip.pools} <= {column.name for column in columns.costs}
        assert columns.format in chip.formats and all(one.title for one in columns.costs)
        shown = StudyColumns(columns)
        assert shown.size in columns.costs and columns.file_ap in shown.at("front")

    def test_uses_follow_the_pools_and_say_where(self, chip: Chip, target: Target) -> None:
        cost = self.cost(chip, target, self.too_large)
        uses = chip.uses(cost, target)
        assert tuple(use.pool for use in uses) == chip.pools
        layers = {layer.name for layer in detector_graph(Training.parse(self.too_large))}
        for use in uses:
            assert use.needed_bytes == cost.figures[use.pool.field]
            assert use.layer in layers

    def test_what_fits_is_accepted_and_what_does_not_says_by_how_much(
        self, chip: Chip, target: Target
    ) -> None:
        assert chip.judge(self.cost(chip, target, self.fits), target).accepted
        verdict = chip.judge(self.cost(chip, target, self.too_large), target)
        assert verdict.status == "rejected"
        assert verdict.reason in {pool.name for pool in chip.pools}
        assert verdict.needed_bytes > verdict.allowed_bytes > 0
        assert f"{verdict.needed_bytes - verdict.allowed_bytes:,} too many" in verdict.message

    def test_a_format_of_nobody_is_refused(self, chip: Chip, target: Target) -> None:
        with pytest.raises(UnknownName):
            chip.price(detector_graph(Training.parse(self.fits)), "Q3", target)

    def test_other_formats_are_explored_only(self, chip: Chip, target: Target) -> None:
        (row,) = check_rows([f"{self.fits}-FP32"], target)
        assert row["deployable"] is False
        assert row["message"].startswith("explored only")

    def test_many_cost_what_each_costs(
        self, chip: Chip, target: Target, space: SearchSpace
    ) -> None:
        for priced in price_space(space, target):
            assert priced.cost == price_candidate(priced.candidate, target).cost
            assert priced.verdict == chip.judge(priced.cost, target)

    def test_lambda_costs_nothing(self, chip: Chip, target: Target) -> None:
        one, other = (Network.of(Training.parse(f"A{n}-a0.5-96")) for n in (63, 98))
        costs = chip.price_many([one, other], chip.formats, target)
        assert costs[one, chip.format] == costs[other, chip.format]

    def test_check_tells_every_pool(self, chip: Chip, target: Target, space: SearchSpace) -> None:
        rows = check_rows([self.fits, self.too_large], target, space)
        assert [row["verdict"] for row in rows] == ["accepted", "rejected"]
        assert rows[1]["nearest"] is not None
        for row in rows:
            assert list(row["pools"]) == [pool.name for pool in chip.pools]
            assert row["file_bytes"] == row[chip.columns.size]
        table = check_table(rows, target)
        assert all(pool.header in table.splitlines()[0] for pool in chip.pools)

    def test_an_account_adds_up(self, chip: Chip, target: Target) -> None:
        told = explain(self.fits, target)
        account, cost = told.account, self.cost(chip, target, self.fits)
        graph = detector_graph(Training.parse(self.fits))
        assert [row["layer"] for row in account.layers] == [layer.name for layer in graph]
        assert sum(row["latency_ms"] for row in account.layers) == pytest.approx(cost.latency_ms)
        assert sum(step["ms"] for step in account.steps) == pytest.approx(cost.latency_ms)
        assert {step["place"] for step in account.steps} <= set(chip.places)
        for memory in account.memories:
            ends = [row["start_bytes"] + row["size_bytes"] for row in memory.rows]
            assert max(ends) == memory.peak_bytes <= memory.limit_bytes
            assert all(0 <= row["birth"] <= row["death"] for row in memory.rows)
        assert told.table().startswith("layer")

    def test_what_it_lacks_is_said_in_words(self, chip: Chip, target: Target) -> None:
        abilities = ("deploy", "bundle", "verify", "detector", "calibrate", "price_file")
        lacking = type("Bare", (type(chip),), {name: getattr(Chip, name) for name in abilities})()
        with pytest.raises(NotSupported, match=f"the {chip.title} has no compiler in dse"):
            lacking.deploy(None, {}, None, target)
        with pytest.raises(NotSupported, match="no files of its own"):
            lacking.price_file(Path(), target)
        with pytest.raises(NotSupported, match="no files to export"):
            lacking.bundle(Path(), None, None, {}, None, None, estimate=None, study={},
                           target=target, head=FACE_HEAD)  # fmt: skip
        with pytest.raises(NotSupported, match="no files to verify"):
            lacking.verify(Path(), None, target)
        with pytest.raises(NotSupported, match="no emulator or simulator"):
            lacking.detector(Path(), print)
        with pytest.raises(NotSupported, match="no time constants"):
            lacking.calibrate(Path(), target, "", "")
