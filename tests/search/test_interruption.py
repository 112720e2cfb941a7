from __future__ import annotations

import os
import signal
import threading

import pytest

from dse.search.interruption import Interruption


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_outside_a_held_block_a_signal_raises_at_once(number: int) -> None:
    with Interruption(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_a_held_block_is_finished_first() -> None:
    done = []
    with Interruption() as interruption:
        with pytest.raises(KeyboardInterrupt), interruption.held():
            with interruption.held():
                os.kill(os.getpid(), signal.SIGTERM)
                done.append("inner")
            done.append("outer")
        interruption.check()  # raised once, and not again
    assert done == ["inner", "outer"]


def test_check_raises_inside_a_held_block() -> None:
    with Interruption() as interruption, pytest.raises(KeyboardInterrupt), interruption.held():
        os.kill(os.getpid(), signal.SIGINT)
        interruption.check()


def test_the_second_signal_does_not_wait() -> None:
    done = []
    with Interruption() as interruption, pytest.raises(KeyboardInterrupt), interruption.held():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("after the first")
        os.kill(os.getpid(), signal.SIGINT)
        done.append("after the second")
    assert done == ["after the first"]


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interruption():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_in_another_thread_nothing_is_touched() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with Interruption() as interruption, interruption.held():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
