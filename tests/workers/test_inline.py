from __future__ import annotations

from dse.workers.executor import Executor
from dse.workers.inline import InlineExecutor
from tests.search.executor_contract import ExecutorContract


class TestInline(ExecutorContract):
    def make(self) -> Executor:
        return InlineExecutor()
