"""The rules that keep the house in order: who may import what, and what stays light."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

import dse

PACKAGE = Path(dse.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

KERAS_HOMES = ("network/keras_", "training/", "evaluation/", "chips/k210/", "reproduction/")
HEAVY_HOMES = {
    "tensorflow": KERAS_HOMES,
    "keras": KERAS_HOMES,
    "ray": ("workers/ray_",),
    "plotly": ("views/",),
    "nncase": ("chips/k210/compiler/",),
}
UPPER = ("study", "search", "workers", "designs", "views")
MAY_NOT_READ = {
    "network": ("chips", "data", "training", "evaluation", "reproduction", *UPPER),
    "data": ("chips", "training", "evaluation", "reproduction", *UPPER),
    "evaluation": ("chips", "reproduction", *UPPER),
    "training": ("chips", "reproduction", *UPPER),
    "chips": ("training", "reproduction", *UPPER),
    "study": ("workers", "search", "designs", "views", "reproduction"),
    "workers": ("search", "designs", "views", "reproduction"),
    "search": ("designs", "views", "reproduction"),
    "designs": ("views", "reproduction"),
    "views": ("reproduction",),
}
LIGHT_COMMANDS = (
    ["--help"],
    ["check", "A98-a0.5-224-kpu8"],
    ["explain", "A98-a0.5-224-kpu8"],
    ["search", "--dry-run"],
    ["calibrate", "missing.log"],
    ["verify", "missing.kmodel"],
)


class Rule(NamedTuple):
    """names: as `_named` tells them. homes: the files that may use one of them."""

    names: tuple[str, ...]
    homes: tuple[str, ...]


COMPILER = "chips/k210/compiler/nncase_process.py"
"""Runs under another interpreter, without dse, in a folder that its parent made."""

ONE_PLACE = {
    "programs": Rule(
        ("import subprocess", "import multiprocessing", "import pty", "os.system", "os.popen",
         "os.fork", "os.execv", "os.execve", "os.posix_spawn"),
        ("processes.py",),
    ),
    "temporary files": Rule(("import tempfile",), ("files.py",)),
    "files put in place": Rule(
        ("os.replace", "os.rename", "os.link", ".write_text", ".write_bytes"),
        ("files.py", COMPILER, "chips/environments.py", "study/shared_journal.py"),
    ),  # environments: each as a whole; shared_journal: what Optuna wrote
    "pictures": Rule(("Image.open", "import PIL.Image.open"), ("data/picture_files.py",)),
    "YAML": Rule(("import yaml", "import ruamel"), ("data/yolo_classes.py",)),
    "XML": Rule(
        ("import xml", "import xml.etree", "import xml.dom", "import xml.sax", "import lxml",
         "import xml.etree.ElementTree", "import defusedxml"),
        ("data/voc_annotation.py",),
    ),
    "TOML": Rule(("import tomli",), ("schema.py",)),
    "arrays": Rule(("np.load", "numpy.load"), ("training/features.py", COMPILER)),
    "pickled objects": Rule(
        ("import pickle", "import cloudpickle", "import dill", "import marshal", "import shelve"),
        ("machine_code.py",),
    ),  # the name of an error of Numba's own cache
    "Optuna's private parts": Rule(
        ("import optuna.storages.journal._storage", "._storage", "._study_id", "._trial_id"),
        ("study/optuna_storage.py",),
    ),
    "Ray Tune's private parts": Rule(
        ("import ray.air.execution._internal", "import ray.tune.execution"),
        ("workers/ray_private.py",),
    ),
    "code out of text": Rule(("eval", "exec", "compile"), ()),
}  # fmt: skip
"""What can run a program, read without an end, or leave half a file: the one place of each."""

CHANGED_IN_PLACE = (
    "files.py",
    "file_lock.py",  # an empty file that is held
    "study/journal_lines.py",  # cuts a last line off, whose copy was kept
    "training/features.py",  # a cache that is filled piece by piece
)
"""The files that may open one to write to it; all others use `dse.files`."""


MODULE_LINES, FUNCTION_LINES = 300, 60
KNOWN_LONG = {
    "chips/k210/bundle/bundle.py: export_bundle",
    "data/synthetic/skin.py",
}
"""Modules and functions that are longer still. Nothing is added here."""


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _executed(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under TYPE_CHECKING, which never run."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


@cache
def _imports(path: Path) -> frozenset[str]:
    """Modules that the file imports when it runs, wherever the statement stands."""
    found: set[str] = set()
    for node in _executed(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _cycles(imports: dict[str, set[str]]) -> set[frozenset[str]]:
    """The strongly connected components of more than one module. imports: module -> modules."""
    place = {name: number for number, name in enumerate(imports)}
    edges = [(place[a], place[b]) for a, read in imports.items() for b in read if b in place]
    rows, columns = np.array(edges, dtype=int).reshape(-1, 2).T
    web = csr_array((np.ones(len(edges)), (rows, columns)), shape=(len(place), len(place)))
    _, labels = connected_components(web, connection="strong")
    groups = [frozenset(name for name in place if labels[place[name]] == one) for one in {*labels}]
    return {group for group in groups if len(group) > 1}


def _module(path: Path) -> str:
    """The module's name without "dse."; a package's is its folder's."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _read_by(path: Path, modules: set[str]) -> set[str]:
    """Which of `modules` the file imports when it runs, without the packages they lie in."""
    found: set[str] = set()
    for node in _executed(_tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if _of_dse(name) in modules else node.module for name in whole}
    return {_of_dse(name) for name in found} & modules


def _of_dse(name: str) -> str:
    return name.removeprefix("dse.") if name.startswith("dse.") else "not ours"


def test_no_modules_import_one_another() -> None:
    modules = {_module(path) for path in MODULES} - {""}
    found = _cycles({_module(path): _read_by(path, modules) for path in MODULES})
    assert found == set()


def test_a_cycle_is_found() -> None:
    chain = {"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a", "elsewhere"}}
    assert _cycles(chain) == set()
    assert _cycles({**chain, "c": {"a"}}) == {frozenset("abc")}


def test_what_is_long_gets_no_longer_list() -> None:
    found = set()
    for path in MODULES:
        place = str(path.relative_to(PACKAGE))
        if len(path.read_text(encoding="utf-8").splitlines()) > MODULE_LINES:
            found.add(place)
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if node.end_lineno - node.lineno >= FUNCTION_LINES:
                    found.add(f"{place}: {node.name}")
    assert found == KNOWN_LONG


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
    if place.parts[0] != "cli" and place.name != "__main__.py":
        forbidden.add("dse.cli")
    for name in _imports(path):
        top = ".".join(name.split(".")[:2])
        assert top not in forbidden, f"{place} imports {name}"


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


@pytest.mark.slow  # it imports everything
def test_public_names_are_sorted_and_exist() -> None:
    for module in pkgutil.walk_packages([str(PACKAGE)], "dse."):
        if module.ispkg:
            package = importlib.import_module(module.name)
            names = list(getattr(package, "__all__", []))
            assert names == sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
            assert all(hasattr(package, name) for name in names), module.name


def _named(tree: ast.AST) -> set[str]:
    """What the code imports, and every name and attribute in it: "np.load", ".write_text"."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found |= {ast.unparse(node), f".{node.attr}"}
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Import):
            found |= {f"import {alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(f"import {node.module}")
            found |= {f"import {node.module}.{alias.name}" for alias in node.names}
    return found


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _writes(call: ast.Call) -> bool:
    """Whether it is open(..., "w") or path.open("wb"), or with another mode that changes a file."""
    name = ast.unparse(call.func).rpartition(".")[2]
    given = [*call.args, *(one.value for one in call.keywords if one.arg == "mode")]
    modes = [one.value for one in given if isinstance(one, ast.Constant)]
    return name == "open" and any(
        isinstance(mode, str) and set(mode) <= set("rwaxbt+") and set(mode) & set("wax+")
        for mode in modes
    )


def _breaches(tree: ast.Module, place: str) -> list[str]:
    """What the code does that only another file than `place` may do."""
    named, calls = _named(tree), _calls(tree)
    found = [
        f"{what}: {name}"
        for what, rule in ONE_PLACE.items()
        for name in rule.names
        if name in named and place not in rule.homes
    ]
    found += [
        ast.unparse(call) for call in calls if _writes(call) and place not in CHANGED_IN_PLACE
    ]
    for call in calls:
        told = {one.arg: ast.unparse(one.value) for one in call.keywords}
        if ast.unparse(call.func) == "np.load" and told.get("allow_pickle") != "False":
            found.append(f"{ast.unparse(call)} does not say allow_pickle=False")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_what_can_do_harm_goes_through_its_one_place(path: Path) -> None:
    assert _breaches(_tree(path), str(path.relative_to(PACKAGE))) == []


@pytest.mark.parametrize("rule", ONE_PLACE.values(), ids=ONE_PLACE.keys())
def test_the_one_places_are_there(rule: Rule) -> None:
    """A home that no longer needs its right loses it."""
    for home in rule.homes:
        named = _named(_tree(PACKAGE / home))
        assert named & set(rule.names), f"{home} uses none of {rule.names}"


@pytest.mark.parametrize(
    "code",
    [
        "import subprocess",
        "from subprocess import run",
        "import os\nos.rename('a', 'b')",
        "path.write_text('x')",
        "open(path, 'w')",
        "path.open(mode='ab')",
        "from PIL import Image\nImage.open(path)",
        "from xml.etree import ElementTree",
        "import yaml as y",
        "import numpy as np\nnp.load(path)",
        "eval('1')",
    ],
)
def test_a_breach_is_found(code: str) -> None:
    assert _breaches(ast.parse(code), "data/somewhere.py")


def test_the_page_on_trust_names_what_is_there() -> None:
    page = (PACKAGE.parent / "docs" / "trust.md").read_text(encoding="utf-8")
    for path, names in re.findall(r"`([\w/]+\.py)`: ((?:`[A-Z_]+`(?:, )?)+)", page):
        module = importlib.import_module("dse." + path.removesuffix(".py").replace("/", "."))
        for name in re.findall(r"[A-Z_]+", names):
            assert hasattr(module, name), f"{path} has no {name}"
    for path in re.findall(r"`([\w/]+\.py)`", page):
        assert (PACKAGE / path).exists() or (PACKAGE.parent / path).exists(), path


def test_reading_is_no_breach() -> None:
    code = "open(path)\npath.open('rb')\nre.compile('x')"
    assert not _breaches(ast.parse(code), "data/somewhere.py")


def test_tests_share_helpers_and_not_test_modules() -> None:
    """What several need stands in a module of its own, which says what it is."""
    reads = re.compile(r"^\s*(from|import) tests\.[\w.]*\btest_", re.MULTILINE)
    tests = (PACKAGE.parent / "tests").rglob("*.py")
    assert [path for path in tests if reads.search(path.read_text(encoding="utf-8"))] == []


def test_no_text_is_left_of_a_merge_that_was_never_finished() -> None:
    root = PACKAGE.parent
    texts = [*root.glob("*.md"), *root.glob("docs/*.md"), *MODULES]
    assert [path for path in texts if "\n<<<<<<< " in path.read_text(encoding="utf-8")] == []


CHIPS_WORDS = {
    "chips/k210/": re.compile(r"k210|kpu|nncase|kmodel", re.IGNORECASE),
    "chips/ethos_u/": re.compile(r"(?<![a-z])(ethos|vela(?![a-z]))", re.IGNORECASE),
}
"""What only these folders may know of."""

STABLE = {
    "kmodel", "kmodel ", "kmodel_ap", "kmodel_ap_square", "kmodel_ap_interval", "kmodel_bytes",
    "peak_kpu_bytes", "measure_kmodels", "kmodel.json", "kpu8",
}  # fmt: skip
"""Names in files and in `--json` that were given before there was another chip."""

NAMED_ONCE = {
    "chips/registry.py": {
        "k210", "dse.chips.k210.chip:K210", "ethos_u", "dse.chips.ethos_u.chip:EthosU",
    },
    "defaults.py": {"k210", "k210_face"},
}  # fmt: skip


def _words_of_a_chip(source: str, place: str = "somewhere.py") -> set[str]:
    """Names and texts in `source`, docstrings left out, that speak of a chip, in whose folder
    `place` is not."""
    foreign = [words for home, words in CHIPS_WORDS.items() if not place.startswith(home)]
    tree = ast.parse(source)
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set() if id(node) in documentation else {node.value}
        elif isinstance(node, ast.ImportFrom):
            found |= {str(node.module), *(alias.name for alias in node.names)}
        else:
            names = (
                getattr(node, field, None) for field in ("id", "attr", "name", "arg", "asname")
            )
            found |= {name for name in names if isinstance(name, str)}
    return {word for word in found if any(words.search(word) for words in foreign)} - STABLE


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_chip_is_known_in_its_own_folder_alone(path: Path) -> None:
    place = path.relative_to(PACKAGE).as_posix()
    found = _words_of_a_chip(path.read_text(encoding="utf-8"), place)
    assert found == NAMED_ONCE.get(place, set())


def test_words_of_a_chip_are_found_wherever_they_stand() -> None:
    for code in (
        "from dse.chips.k210 import deploy", "kpu_bytes = 1", "x.kmodel_size", "f(nncase=1)",
        "print('the KPU')", "f'{x} on the K210'", "from dse.chips.ethos_u import cost", "vela = 1",
    ):  # fmt: skip
        assert _words_of_a_chip(code)
    assert not _words_of_a_chip('"""Like the K210\'s."""\nrow.kmodel_bytes\nrow["peak_kpu_bytes"]')
