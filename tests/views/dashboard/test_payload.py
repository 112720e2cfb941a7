"""What the page is given: plain values, and the columns of a study on whatever chip."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import dse.views
from dse.columns import FIGURES, ChipColumns, Column
from dse.study.columns import StudyColumns
from dse.views.dashboard.frames import study_tables
from dse.views.dashboard.page import write_dashboard
from dse.views.dashboard.payload import payload_json, plain_json
from tests.views.dashboard.reader import DRAWN_MS, Reader

OTHER_CHIP = ChipColumns(
    costs=(
        Column("file_bytes", "Firmware", int, "bytes", source=FIGURES),
        Column("arena_bytes", "NPU arena", int, "bytes", source=FIGURES),
    ),
    size="file_bytes",
    file_ap=Column("file_ap", "AP of the firmware", float, "ap"),
    file="firmware",
    accelerator="NPU",
    format="int8",
)
RENAMED = {"kmodel_bytes": "file_bytes", "peak_kpu_bytes": "arena_bytes", "kmodel_ap": "file_ap"}


@pytest.fixture(scope="module")
def other(record: Any) -> Any:
    """The same study on a chip that brings columns and words of its own."""
    rows = [
        {RENAMED.get(name, name): value for name, value in row.items()
         if name != "main_memory_bytes"}
        for row in record.rows
    ]  # fmt: skip
    for row in rows:
        row.update(format=row["format"].replace("kpu8", "int8"), reason="", message="")
        row.update(candidate=f"{row['training']}-{row['format']}")
    columns = StudyColumns(OTHER_CHIP)
    space = [{RENAMED.get(name, name): value for name, value in row.items()}
             for row in record.candidates]  # fmt: skip
    settings = {"command": "dse search --target other"}
    path = Path("results/other")
    return type(record)(rows=rows, columns=columns, candidates=space, history=record.history,
                        name="other", path=path, settings_table=settings)  # fmt: skip


def test_json_has_no_words_for_numbers_that_are_none() -> None:
    assert plain_json([float("nan"), float("inf"), 1.0, 0.123456789, True]) == (
        "[null,null,1,0.123457,true]"
    )


def test_the_story_tells_what_early_stopping_cost(record: Any) -> None:
    record.stopping = "4 stopped early; none of their kind was finished as a check."
    study = json.loads(payload_json([study_tables(record)]))["studies"][0]
    assert study["notes"]["budget"].endswith(f"minutes of training in all. {record.stopping}")


def test_a_study_tells_its_columns_and_its_chips_words(record: Any, other: Any) -> None:
    ours, theirs = json.loads(payload_json([study_tables(record), study_tables(other)]))["studies"]
    assert ours["columns"]["peak_kpu_bytes"] == {
        "title": "KPU memory", "unit": "bytes", "is_number": True,
    }  # fmt: skip
    assert theirs["shown"]["costs"] == ["file_bytes", "arena_bytes"]
    assert set(theirs["figures"]["front"]["all"]) == {
        "latency_ms",
        "file_bytes",
        "arena_bytes",
        "energy_mj",
    }
    assert theirs["chip"] == {"file": "firmware", "accelerator": "NPU", "format": "int8"}
    assert theirs["picks"][1]["rule"] == "highest AP that the NPU runs"
    for study in (ours, theirs):
        shown = {name for names in study["shown"].values() for name in names}
        assert shown == set(study["columns"])
        assert shown <= set(study["designs"]["columns"])


def test_nothing_of_one_chip_is_in_the_page_of_another(other: Any) -> None:
    text = payload_json([study_tables(other)])
    assert not re.search("kmodel|kpu|k210|nncase", text, re.IGNORECASE)


def test_no_view_names_a_chip() -> None:
    folder = Path(dse.views.__file__).parent
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".js", ".html", ".css")]
    found = [
        f"{path.relative_to(folder)}: {line}"
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search("kmodel|kpu|k210|nncase", line, re.IGNORECASE)
    ]
    assert len(files) > 30 and found == []


@pytest.mark.browser
def test_a_page_of_two_chips_shows_each_in_its_own_words(
    browser: Any, record: Any, other: Any, tmp_path: Path
) -> None:
    reader = Reader(browser, viewport={"width": 1400, "height": 900})
    page = reader.open(write_dashboard([record, other], tmp_path / "page.html"))
    page.locator("#axis-control label", has_text="KPU memory").click()
    page.select_option("#study", "1")
    assert page.is_checked("input[value=latency_ms]")  # the other study has no such axis
    assert "NPU arena" in page.inner_text("#axis-control")
    assert "firmware itself measured" in page.inner_text(".key")
    page.locator("#picks button").first.click()
    page.wait_for_selector("#copy", timeout=DRAWN_MS)
    assert "runs on the NPU" in page.inner_text("#details")
    seen = page.inner_text("#page")
    assert "KPU" not in seen and "kmodel" not in seen
    assert reader.complaints == []
