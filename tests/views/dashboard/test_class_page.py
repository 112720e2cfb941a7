"""The page of a study whose designs find several classes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dse.study.columns import study_columns
from dse.views.dashboard.comparison import comparison_figure
from dse.views.dashboard.figures import front_figure
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.page import write_dashboard
from dse.views.dashboard.payload import payload_json
from tests.views.dashboard.reader import Reader


@pytest.fixture(scope="module")
def several(record_maker: Any) -> Any:
    """A study of cats, dogs and owls; owls are the hardest."""
    record = record_maker(12, name="animals")
    record.columns = study_columns(several=True)
    for row in record.rows:
        if row.get("ap"):
            each = {"cat": row["ap"] + 0.05, "dog": row["ap"] + 0.02, "owl": row["ap"] - 0.07}
            record.ap_by_class[row["candidate"]] = each
            row.update(weakest_class="owl", weakest_ap=each["owl"])
    return record


def test_ap_is_called_a_mean_where_it_is_one(several: Any, record: Any) -> None:
    both = [study_tables(one) for one in (several, record)]
    titles = [front_figure(one).layout.yaxis.title.text for one in both]
    assert titles == ["Mean average precision (mAP)", "Average precision (AP)"]
    assert comparison_figure(both).layout.yaxis.title.text == " or ".join(titles)
    assert comparison_figure(both[1:]).layout.yaxis.title.text == titles[1]


def test_the_page_holds_the_figures_of_each_class(several: Any, record: Any) -> None:
    animals, faces = json.loads(
        payload_json([study_tables(one) for one in (several, record)])
    )["studies"]  # fmt: skip
    assert animals["ap"] == "mAP" and faces["ap"] == "AP" and faces["classes"] == {}
    assert all(set(each) == {"cat", "dog", "owl"} for each in animals["classes"].values())
    assert "weakest_class" in animals["shown"]["table"]
    assert "weakest_class" not in faces["shown"]["table"]


@pytest.fixture(scope="module")
def reader(browser: Any) -> Iterator[Reader]:
    reader = Reader(browser, viewport={"width": 1440, "height": 900})
    yield reader
    reader.context.close()


@pytest.mark.browser
def test_a_design_lists_its_classes_the_weakest_first(
    several: Any, reader: Reader, tmp_path: Path
) -> None:
    page = reader.open(write_dashboard([several], tmp_path / "page.html"))
    page.locator("#table tbody .open").first.focus()
    page.keyboard.press("Enter")
    design = page.inner_text("#details-heading")
    told = page.inner_text("#details")
    names = [name for name in told.split("AP by class")[1].split() if name in ("cat", "dog", "owl")]
    assert names == ["owl", "dog", "cat"]
    assert f"{several.ap_by_class[design]['owl']:.3f}" in told
    assert "mAP in kpu8" in told
    head = page.locator("#table thead").inner_text()
    assert "Weakest class" in head and "mAP" in head
    assert "owl" in page.locator("#table tbody tr").first.inner_text()
    assert reader.complaints == []
