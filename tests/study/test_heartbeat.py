from __future__ import annotations

import time
from collections import Counter

from dse.study.heartbeat import Heartbeat


def test_it_beats_for_what_is_alive_and_survives_a_silence() -> None:
    beats: Counter[int] = Counter()

    def beat(id: int) -> None:
        beats[id] += 1
        if beats[id] == 2:
            raise ConnectionError("away for a moment")

    pulse = Heartbeat(beat, 0.01)
    pulse.add(1)
    pulse.add(2)
    assert beats == {1: 1, 2: 1}
    pulse.start()
    began = time.monotonic()
    while min(beats.values()) < 4:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    pulse.drop(2)
    time.sleep(0.05)
    dropped = beats[2]
    while beats[1] < 10:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    pulse.stop()
    after = beats.copy()
    time.sleep(0.05)
    assert beats == after and beats[2] == dropped
