"""The Kendryte K210: what it costs there, and the way to the board.

`chip.K210` fulfils the contract of `dse.chips.chip`; what it is made of can be used alone, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dse.lazy import lazy

if TYPE_CHECKING:
    from dse.chips.k210.bundle.bundle import export_bundle
    from dse.chips.k210.bundle.verify import verify_bundle, verify_kmodel
    from dse.chips.k210.compiler.compiler import CompiledKmodel, compile_kmodel, compiler_version
    from dse.chips.k210.compiler.deployment import Deployment, deploy
    from dse.chips.k210.compiler.picture_processes import PictureProcesses
    from dse.chips.k210.compiler.simulator import kmodel_predictor
    from dse.chips.k210.compiler.tflite import to_tflite
    from dse.chips.k210.kmodel.kmodel import Kmodel, parse_kmodel

__all__ = [
    "CompiledKmodel",
    "Deployment",
    "Kmodel",
    "PictureProcesses",
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

__getattr__ = lazy(
    __name__,
    {
        "CompiledKmodel": "dse.chips.k210.compiler.compiler",
        "Deployment": "dse.chips.k210.compiler.deployment",
        "Kmodel": "dse.chips.k210.kmodel.kmodel",
        "PictureProcesses": "dse.chips.k210.compiler.picture_processes",
        "compile_kmodel": "dse.chips.k210.compiler.compiler",
        "compiler_version": "dse.chips.k210.compiler.compiler",
        "deploy": "dse.chips.k210.compiler.deployment",
        "export_bundle": "dse.chips.k210.bundle.bundle",
        "kmodel_predictor": "dse.chips.k210.compiler.simulator",
        "parse_kmodel": "dse.chips.k210.kmodel.kmodel",
        "to_tflite": "dse.chips.k210.compiler.tflite",
        "verify_bundle": "dse.chips.k210.bundle.verify",
        "verify_kmodel": "dse.chips.k210.bundle.verify",
    },
)
