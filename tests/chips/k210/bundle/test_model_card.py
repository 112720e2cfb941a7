from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dse.chips.k210.bundle.model_card import model_card

SHIPPED = Path("results/reference/bundles/P5-a1-256/manifest.json")


@pytest.fixture
def manifest() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(SHIPPED.read_text())
    return table


def test_of_one_class_the_card_has_no_line_for_each(manifest: dict[str, Any]) -> None:
    assert "| class |" not in model_card(manifest).decode()


def test_every_class_has_its_figures_and_its_threshold(manifest: dict[str, Any]) -> None:
    manifest["head"] = {"classes": ["cat", "owl"]}
    manifest["accuracy"] |= {
        "classes": {"cat": 0.8125, "owl": None},
        "float_classes": {"cat": 0.875, "owl": None},
        "thresholds": {"cat": 0.31, "owl": 0.5},
    }
    card = model_card(manifest).decode()
    assert "| cat | 0.8750 | 0.8125 | 0.31 |" in card
    assert "| owl | not measured | not measured | no object |" in card
    assert "Detector of cat, owl" in card
