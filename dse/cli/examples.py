"""What is typed most often, for the end of each command's help."""

from __future__ import annotations

from collections.abc import Mapping

from dse.launcher import typed

__all__ = ["EXAMPLES", "examples_of"]

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "data": ("data DIR --sheet boxes.png", "data voc:DIR --classes apple,orange"),
    "search": (
        "search --data DIR",
        "search --data wider:DIR --eval-data fddb:DIR --budget 14",
        "search --budget 50 --target TARGET",
        "search --resume",
        "search --dry-run --space mobilenetv2_face",
    ),
    "dashboard": ("dashboard", "dashboard first second --samples 6", "dashboard --live"),
    "list": ("list", "list --json"),
    "show": ("show", "show STUDY"),
    "export": (
        "export best",
        "export best --limit latency_ms=30 --target TARGET",
        "export shipped:P5-a1-256 --out bundle",
    ),
    "check": (
        "check P5-a1-256 A98-a1-224",
        "check my_network.tflite --compile",
        "check P5-a1-256-r5 --class-count 6 --target TARGET",
    ),
    "explain": (
        "explain A98-a1-224 --figure explain.png",
        "explain best --quantization",
    ),
    "evaluate": (
        "evaluate best --data fddb:DIR",
        "evaluate shipped:P5-a1-256 --sheet sheet.png --sort worst",
        "evaluate model.tflite --data voc:DIR",
    ),
    "detect": ("detect best photos/ --draw out/", "detect shipped:P5-a1-256 a.jpg --json"),
    "verify": ("verify FOLDER", "verify FOLDER --target TARGET"),
    "calibrate": ("calibrate board.log --out mine.toml",),
    "reproduce": ("reproduce --tables I II", "reproduce --data wider:DIR --eval-data fddb:DIR"),
    "rm": ("rm STUDY", "rm FIRST SECOND --yes"),
    "clean": ("clean", "clean --yes"),
    "completion": ("completion bash",),
    "doctor": ("doctor",),
}
"""Command -> what follows `dse`."""


def examples_of(command: str) -> str:
    """Examples of `command`, a line each, as they are typed here."""
    return "\n".join(["examples:", *(f"  {typed(one)}" for one in EXAMPLES[command])])
