"""Notices that Ray's head has died, which Ray itself does not tell.

A call that needs the head does not return then, and after a minute Ray ends the whole process
from within its C++ part. So the work is done in a thread that can be left behind.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
import threading
from collections.abc import Callable

import ray

from dse.errors import StudyError

__all__ = ["HeadLost", "run_watched"]

PROBE_S = 2.0
PROBES = 10
"""Without an answer in a row: then the head is dead. A head that restarts from its own storage
in less is not noticed, and Ray would wait for it for 60 s."""


class HeadLost(StudyError):
    """Ray's head does not answer any more. Nothing of Ray can be used in this process, which
    will end with this error's exit code."""


def run_watched(work: Callable[[], None]) -> None:
    """Runs `work` in another thread while Ray's head lives. Raises what `work` raises, or
    HeadLost, and then `work` may still wait for Ray, for ever."""
    head: str = ray.get_runtime_context().gcs_address
    raised: list[BaseException] = []

    def worked() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=worked, name="ray-tune", daemon=True)
    thread.start()
    missed = 0
    while thread.is_alive():
        thread.join(PROBE_S)
        missed = 0 if _answers(head) else missed + 1
        if missed >= PROBES:
            atexit.register(_leave)
            raise HeadLost(
                f"the head of the Ray cluster, {head}, does not answer any more",
                "nothing finished is lost: start the cluster again, then run with --resume",
            )
    if raised:
        raise raised[0]


def _leave() -> None:
    """At the process' end, before all other farewells: Ray's would wait for the head, and its
    C++ part crashes where it is taken down under a thread that waits."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(HeadLost.exit_code)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PROBE_S).close()
    except OSError:
        return False
    return True
