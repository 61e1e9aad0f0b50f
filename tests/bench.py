"""How long things take on this machine: `make bench`. It prints a table and asserts nothing."""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from converge.cli.ground.labfile import open_lab
from converge.cli.reach.site import graph_of, read_desired
from converge.core.graph import Graph
from converge.engine.observe import observe
from converge.lab.store import load, save
from converge.reconcile import decide
from tests.cli.commands import NODES, SEED, Pair, new_pair
from tests.freebsd.wakes import SHELLS, place

RUNS = 10


def median_ms(work: Callable[[], object], runs: int = RUNS) -> float:
    """Wall time, the median of some runs."""
    spans = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        spans.append(time.perf_counter() - start)
    return 1000 * statistics.median(spans)


def command(*words: str) -> Callable[[], object]:
    """A command in a process of its own, Python's start included."""
    argv = [sys.executable, "-m", "converge", *words]

    def work() -> object:
        return subprocess.run(argv, capture_output=True, check=True)

    return work


def story(folder: Path) -> float:
    """From bare machines through a failover and back, in process; seconds of the lab's time."""
    pair = new_pair(folder, SEED)
    lab = open_lab(str(pair.state)).lab
    start_s = lab.world.now
    pair.settle()
    pair.lab("fault", "power-off", "hasta")
    pair.lab("advance", "5s")
    pair("apply", "-y", nodes=("hastb",))
    pair.lab("fault", "power-on", "hasta")
    pair.lab("advance", "90s")
    pair("apply", "-y")
    pair.lab("advance", "60s")
    return load(pair.state.read_text()).now - start_s


def rows(folder: Path) -> list[tuple[str, float, str]]:
    """(what, milliseconds, remark) for each line of the table."""
    pair = new_pair(folder, SEED)
    pair.settle()
    desired = read_desired(str(SEED))
    graph = graph_of(desired)
    lab = open_lab(str(pair.state))
    snapshot = observe(graph, {node: lab.host(node) for node in NODES}, lab.clock)
    began = time.perf_counter()
    lab_s = story(folder)
    took_s = time.perf_counter() - began
    state = save(lab.lab.world)
    return [
        ("python -c pass", median_ms(_bare_python), "below everything"),
        ("converge version", median_ms(command("version")), ""),
        ("converge validate", median_ms(command("validate", "-c", str(SEED))), ""),
        ("converge plan", median_ms(command("plan", *pair.doors())), "nothing to do"),
        ("read the desired file", median_ms(lambda: read_desired(str(SEED))), "in process"),
        ("build the graph", median_ms(lambda: graph_of(desired)), f"{len(graph.order)} resources"),
        ("observe both nodes", median_ms(lambda: _look(graph, pair)), "lab, two rounds or three"),
        ("decide", median_ms(lambda: decide(graph, snapshot), 50), "diff, order, guards"),
        ("read the lab's state", median_ms(lambda: load(state)), f"{len(state) // 1024} kB"),
        ("write the lab's state", median_ms(lambda: save(lab.lab.world)), ""),
        *(
            (
                f"wake under {shell}",
                median_ms(_waker(folder, shell), 50),
                "as devd waits; at most 50",
            )
            for shell in filter(shutil.which, SHELLS)
        ),
        ("the story in the lab", 1000 * took_s, f"{lab_s / took_s:.0f} times as fast as life"),
    ]


def _waker(folder: Path, shell: str) -> Callable[[], object]:
    (folder / shell).mkdir()
    here = place(folder / shell, shell)
    return lambda: here.call("devd")


def _bare_python() -> object:
    return subprocess.run([sys.executable, "-c", "pass"], check=True)


def _look(graph: Graph, pair: Pair) -> object:
    lab = open_lab(str(pair.state))
    return observe(graph, {node: lab.host(node) for node in NODES}, lab.clock)


def main() -> None:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # runs go on beside
        found = rows(Path(folder))
    width = max(len(what) for what, _, _ in found)
    for what, span_ms, remark in found:
        sys.stdout.write(f"{what.ljust(width)}  {span_ms:8.1f} ms  {remark}".rstrip() + "\n")


if __name__ == "__main__":
    main()
