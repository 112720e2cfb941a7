from __future__ import annotations

from executor_contract import ExecutorContract

from dse.search.executor import Executor
from dse.search.inline_executor import InlineExecutor


class TestInline(ExecutorContract):
    def make(self) -> Executor:
        return InlineExecutor()
