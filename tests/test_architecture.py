"""The rules that keep the house in order: who may import what, and what stays light."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import dse

PACKAGE = Path(dse.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

HEAVY_HOMES = {
    "tensorflow": ("network/keras_", "training/", "quantization/", "evaluation/", "export/"),
    "keras": ("network/keras_", "training/", "quantization/", "evaluation/", "export/"),
    "ray": ("search/ray_",),
    "plotly": ("dashboard/",),
    "nncase": ("export/",),
}
MAY_NOT_READ = {
    "network": ("cost", "data", "training", "quantization", "evaluation", "search", "export"),
    "detection": (
        "calibration",
        "cost",
        "data",
        "network",
        "training",
        "quantization",
        "evaluation",
        "search",
        "export",
        "dashboard",
    ),
    "cost": (
        "calibration",
        "training",
        "quantization",
        "evaluation",
        "search",
        "export",
        "dashboard",
    ),
    "calibration": ("training", "quantization", "evaluation", "search", "export", "dashboard"),
    "data": ("search", "training", "evaluation", "export", "cost"),
    "training": ("search", "export", "cost", "dashboard"),
    "evaluation": ("search", "export", "cost", "dashboard"),
    "quantization": ("search", "export", "dashboard"),
    "contact_sheet": ("search", "export", "cost", "dashboard", "detectors"),
    "export": ("search", "dashboard", "detectors"),
    "search": ("dashboard", "detectors"),
}
LIGHT_COMMANDS = (
    ["--help"],
    ["check", "A98-a0.5-224-kpu8"],
    ["explain", "A98-a0.5-224-kpu8"],
    ["search", "--dry-run"],
    ["calibrate", "missing.log"],
)


def _imports(path: Path) -> set[str]:
    """Modules that the file imports when it runs, wherever the statement stands."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):  # what stands under TYPE_CHECKING is never executed
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_heavy_packages_stay_where_they_belong(path: Path) -> None:
    place = str(path.relative_to(PACKAGE))
    for name in _imports(path):
        homes = HEAVY_HOMES.get(name.split(".")[0])
        assert homes is None or place.startswith(homes), f"{place} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    forbidden = {f"dse.{name}" for name in MAY_NOT_READ.get(place.parts[0], ())}
    if place.name not in ("cli.py", "__main__.py"):
        forbidden.add("dse.cli")
    for name in _imports(path):
        top = ".".join(name.split(".")[:2])
        assert top not in forbidden, f"{place} imports {name}"


@pytest.mark.slow
@pytest.mark.parametrize("command", LIGHT_COMMANDS, ids=lambda c: c[0])
def test_light_commands_import_nothing_heavy(command: list[str]) -> None:
    code = (
        "import json, sys\n"
        "from dse.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(run.stdout.splitlines()[-1]))
    assert not loaded & {"tensorflow", "keras", "ray", "plotly", "nncase", "optuna", "sklearn"}


@pytest.mark.slow
def test_public_names_are_sorted_and_exist() -> None:
    for module in pkgutil.walk_packages([str(PACKAGE)], "dse."):
        if module.ispkg:
            package = importlib.import_module(module.name)
            names = list(getattr(package, "__all__", []))
            assert names == sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
            assert all(hasattr(package, name) for name in names), module.name
