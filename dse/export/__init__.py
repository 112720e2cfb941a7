"""The way to the board: TensorFlow-Lite, kmodel, simulator, bundle, verification."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dse.export.bundle import ExportReport, export_bundle
    from dse.export.compiler import CompiledKmodel, compile_kmodel, compiler_version
    from dse.export.deployment import Deployment, deploy
    from dse.export.kmodel import Kmodel, parse_kmodel
    from dse.export.picture_processes import PictureProcesses
    from dse.export.simulator import kmodel_predictor
    from dse.export.tflite import to_tflite
    from dse.export.verify import VerifyReport, verify_bundle, verify_kmodel

__all__ = [
    "CompiledKmodel",
    "Deployment",
    "ExportReport",
    "Kmodel",
    "PictureProcesses",
    "VerifyReport",
    "compile_kmodel",
    "compiler_version",
    "deploy",
    "export_bundle",
    "kmodel_predictor",
    "parse_kmodel",
    "to_tflite",
    "verify_bundle",
    "verify_kmodel",
]

_HOMES = {
    "bundle": ("ExportReport", "export_bundle"),
    "compiler": ("CompiledKmodel", "compile_kmodel", "compiler_version"),
    "deployment": ("Deployment", "deploy"),
    "kmodel": ("Kmodel", "parse_kmodel"),
    "picture_processes": ("PictureProcesses",),
    "simulator": ("kmodel_predictor",),
    "tflite": ("to_tflite",),
    "verify": ("VerifyReport", "verify_bundle", "verify_kmodel"),
}


def __getattr__(name: str) -> Any:
    """Imports the module of a public name when it is first used: some load TensorFlow."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
