from __future__ import annotations

import io

import pytest

from dse.search import progress
from dse.search.progress import Progress, Standing, UnderWay, duration, progress_line


def standing(**changes: object) -> Standing:
    values: dict[str, object] = {
        "trained": 9,
        "stopped": 3,
        "failed": 0,
        "running": [UnderWay("P5-a1-256", 4, 6), UnderWay("A63-a0.5-96", 0, 0)],
        "budget": 50,
        "hypervolume": 0.75,
        "elapsed_s": 61.0,
        "left_s": 7400.0,
    }
    return Standing(**{**values, **changes})  # type: ignore[arg-type]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_says_it_all() -> None:
    assert progress_line(standing()) == (
        "trained 12/50 · 1 min 01 s, about 2 h 03 min left · running P5-a1-256 4/6, A63-a0.5-96"
        " · stopped early 3 · hypervolume 0.7500"
    )
    assert "· failed 1 ·" in progress_line(standing(failed=1))
    assert "compiled files measured 1/7" in progress_line(standing(measuring=(1, 7)))
    assert "left" not in progress_line(standing(left_s=None))


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3600, "1 h 00 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_not_a_terminal_gets_plain_lines_and_few(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress, "monotonic", lambda: now)
    stream = io.StringIO()
    shown = Progress(stream)
    for _ in range(40):
        now += 1
        shown.tick(standing)
    shown.event("A63-a0.5-96 AP 0.5", standing)
    shown.close()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3 and lines[2].startswith("A63-a0.5-96 AP 0.5 · trained 12/50")
    assert "\r" not in stream.getvalue() and "\x1b" not in stream.getvalue()


def test_a_terminal_gets_one_line_that_is_rewritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    shown = Progress(stream)
    shown.tick(standing)
    shown.tick(standing)  # too early for another
    shown.event("A63-a0.5-96 AP 0.5", standing)
    shown.close()
    text = stream.getvalue()
    assert text.count("\n") == 2 and text.count("trained 12/50") == 2
    assert "A63-a0.5-96 AP 0.5\n" in text and "\x1b[2m" in text
    assert all(len(line) <= 60 for line in text.replace("\r", "\n").splitlines())


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    Progress(stream).tick(standing)
    assert "\x1b[2m" not in stream.getvalue()
