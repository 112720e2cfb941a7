"""The command line: one module a command, which parses, calls the library and prints."""

from dse.cli.entry import main

__all__ = ["main"]
