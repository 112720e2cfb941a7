from __future__ import annotations

from dse.search.executor import Executor
from dse.search.inline_executor import InlineExecutor
from tests.search.executor_contract import ExecutorContract


class TestInline(ExecutorContract):
    def make(self) -> Executor:
        return InlineExecutor()
