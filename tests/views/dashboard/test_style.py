"""Colours that can be told apart, on both pages."""

from __future__ import annotations

import pytest

from dse.views.dashboard import style


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [style.INK, style.MUTED, style.ALERT, style.ACCENT])
def test_text_and_lines_stand_out_on_both_pages(colour: str) -> None:
    assert _contrast(colour, style.PAPER) >= 4.5
    assert _contrast(style.DARK[colour], style.DARK[style.PAPER]) >= 4.5


@pytest.mark.parametrize("count", range(1, 9))
def test_input_sizes_differ_in_lightness_not_only_in_hue(count: int) -> None:
    """So they can be told apart in grey, and by every kind of colour blindness."""
    colours = style.size_colours(count)
    assert len(set(colours)) == count
    for page in (colours, [style.DARK[colour] for colour in colours]):
        steps = [_luminance(colour) for colour in page]
        assert steps == sorted(steps) or steps == sorted(steps, reverse=True)


def test_marks_stand_out_from_the_page() -> None:
    for colour in style.size_colours(8):
        assert _contrast(colour, style.PAPER) >= 2.2
        assert _contrast(style.DARK[colour], style.DARK[style.PAPER]) >= 2.2


def test_a_figures_layout_does_not_leak_into_the_next() -> None:
    first = style.layout(xaxis={"title": "one"})
    assert "title" not in style.layout()["xaxis"]
    assert first["xaxis"]["gridcolor"] == style.GRID
