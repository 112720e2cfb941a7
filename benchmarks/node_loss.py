"""A node that is there no more, though nobody killed it: its network cable is pulled.

    sudo python benchmarks/node_loss.py --table results/recorded/k210.jsonl

Two network namespaces of this machine, joined by a pair of virtual interfaces, stand for two
machines: Ray's head and the driver are in one, a node in the other. Both train, on a table of
recorded trainings (`benchmarks/kill_campaign.py` has how and what is counted). Then the link is
cut. Ray's head calls the node dead after five missed health checks, a minute or so; its training
has to go on from its checkpoint, on the head's core, and the search has to end with the front of
an undisturbed one.

JSON on stdout, after some eight minutes. Needs root, and `ip` (Debian: iproute2).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kill_campaign
from kill_campaign import Study, surroundings

HEAD, NODE = "dse-head", "dse-node"
"""Names of the namespaces; the interface in each is called as the namespace."""

ADDRESSES = {HEAD: "10.77.0.1", NODE: "10.77.0.2"}
PORT = 6399
RAY = Path(sys.executable).with_name("ray")


def ip(*words: str) -> None:
    """Runs `ip`. Raises CalledProcessError, after ip has said why."""
    subprocess.run(["ip", *words], check=True)


def inside(namespace: str, *command: object, **how: Any) -> subprocess.Popen[str]:
    """Starts a process in a namespace."""
    words = ["ip", "netns", "exec", namespace, *map(str, command)]
    return subprocess.Popen(words, text=True, **how)


@contextmanager
def two_machines() -> Iterator[None]:
    """The namespaces and the link between them; at the end all processes in them are killed."""
    try:
        for name in ADDRESSES:
            ip("netns", "add", name)
        ip("link", "add", HEAD, "netns", HEAD, "type", "veth", "peer", NODE, "netns", NODE)
        for name, address in ADDRESSES.items():
            ip("-n", name, "address", "add", f"{address}/24", "dev", name)
            for device in ("lo", name):
                ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "route", "add", "default", "dev", name)
        yield
    finally:
        for name in ADDRESSES:
            found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
            for process in found.stdout.split():
                os.kill(int(process), signal.SIGKILL)
            subprocess.run(["ip", "netns", "delete", name])


def start_ray(folder: Path) -> None:
    """The head in one namespace, a node in the other, a core each."""
    common = ["--num-cpus", 1, "--object-store-memory", 80 << 20, "--disable-usage-stats"]
    head = ["--head", "--port", PORT, "--include-dashboard", "false", "--temp-dir", folder / "ray"]
    node = ["--address", f"{ADDRESSES[HEAD]}:{PORT}"]
    for name, own in ((HEAD, head), (NODE, node)):
        own = [*own, "--node-ip-address", ADDRESSES[name]]
        started = inside(name, RAY, "start", *own, *common, stdout=sys.stderr)
        if started.wait():
            raise SystemExit(f"Ray does not start in {name}")


def wait_until(study: Study, driver: subprocess.Popen[str], processes: int) -> None:
    """Until so many processes have worked."""
    while len({process for _, _, process in study.worked()}) < processes:
        if driver.poll() is not None:
            raise SystemExit(f"the search ended first; see {study.root / 'log'}")
        time.sleep(0.05)


def main() -> int:
    """Cut the link in the middle of a search, and see what becomes of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--table", type=Path, required=True, help="of recorded trainings")
    parser.add_argument("--epoch-s", type=float, default=0.5, help="seconds an epoch takes")
    options = parser.parse_args()
    with surroundings() as folder, two_machines():
        start_ray(folder)
        study = Study(folder, 1, options.table.resolve(), options.epoch_s)
        program = (sys.executable, kill_campaign.__file__, *study.command())
        address = f"{ADDRESSES[HEAD]}:{PORT}"
        with open(folder / "log", "w") as log:
            driver = inside(HEAD, *program, "--driver", address, stdout=subprocess.PIPE, stderr=log)
        wait_until(study, driver, 2)
        ip("-n", HEAD, "link", "set", HEAD, "down")
        cut, cut_at = time.monotonic(), len(study.worked())
        study.look()
        out, _ = driver.communicate()
        if driver.returncode:
            print((folder / "log").read_text(), file=sys.stderr)
            raise SystemExit(f"the driver ended with {driver.returncode}")
        after = [process for _, _, process in study.worked()[cut_at:]]
        found = {
            "seconds_from_the_cut_to_the_end": round(time.monotonic() - cut),
            "epochs_after_the_cut_by_process": [after.count(one) for one in dict.fromkeys(after)],
            **study.figures(json.loads(out)),
        }
    print(json.dumps(found, indent=1))
    wrong = ("finished_trainings_lost", "finished_trainings_repeated", "fronts_that_differ")
    return int(any(found[name] for name in wrong))


if __name__ == "__main__":
    sys.exit(main())
