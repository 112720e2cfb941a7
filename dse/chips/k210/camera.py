"""What the camera's picture takes on its way into a network, beside the network's own time."""

from __future__ import annotations

from collections.abc import Sequence

from dse.canvas import Canvas
from dse.chips.chip import Pictured
from dse.chips.k210.target import K210Target

__all__ = ["CAMERA", "camera_note", "resize_ms"]

CAMERA = Canvas(320, 240)
"""Of the pictures that main.py has from the firmware: QVGA, in planes for the KPU, too."""

SCALED_PIXEL_INSTRUCTIONS, CANVAS_PIXEL_INSTRUCTIONS = 94, 27
"""Of MaixPy-v1's `draw_image` and `pix_to_ai`, counted in its own loops (docs/latency.md)."""

_NOT_MEASURED = {
    "sdk": "by its camera at no cost where that can scale, as main.c has it, else in a time that "
    "nobody has measured",
    "canmv": "by the firmware, in a time that nobody has measured",
}
_COUNTED = "by the firmware: its instructions were counted, and no board has confirmed the time"


def resize_ms(canvas: Canvas, target: K210Target) -> float | None:
    """Milliseconds until a picture of `CAMERA` lies in `canvas`; None where nobody knows.

    An estimate: MaixPy's instructions, one a cycle.
    """
    if canvas == CAMERA:
        return 0.0
    if target.board_program != "maixpy":
        return None
    scale = min(canvas.width / CAMERA.width, canvas.height / CAMERA.height)
    instructions = (
        SCALED_PIXEL_INSTRUCTIONS * CAMERA.area * scale**2 + CANVAS_PIXEL_INSTRUCTIONS * canvas.area
    )
    return instructions / target.cpu_clock_hz * 1e3


def camera_note(networks: Sequence[Pictured], target: K210Target) -> str:
    """Which of `networks` take the camera's picture as it is, and what the others pay for theirs.

    Empty where there are not both.
    """
    direct = [one for one in networks if one.canvas == CAMERA]
    others = [one for one in networks if one.canvas != CAMERA]
    if not direct or not others:
        return ""
    names = ", ".join(f"{one.name} ({one.latency_ms:.1f} ms)" for one in direct)
    told = f"a camera of {CAMERA}: nothing is resized for {names}; the picture is resized for "
    each = ", ".join(_with_resize(one, target) for one in others)
    return f"{told}{each}, {_NOT_MEASURED.get(target.board_program, _COUNTED)}"


def _with_resize(one: Pictured, target: K210Target) -> str:
    resize = resize_ms(one.canvas, target)
    if resize is None:
        return f"{one.name} ({one.latency_ms:.1f} ms without that)"
    total = resize + one.latency_ms
    return f"{one.name} ({one.latency_ms:.1f} ms, and some {resize:.0f} for that: {total:.0f})"
