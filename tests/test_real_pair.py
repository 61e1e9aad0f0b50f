"""The acceptance suite on a real pair: never run by itself, it needs nodes that may be changed.

    CONVERGE_REAL_CONFIG=pair.toml CONVERGE_REAL_HOSTS="hasta=ssh://root@192.168.1.51 hastb=..." \\
        pytest -m freebsd
"""

import os
from pathlib import Path

import pytest

from converge.cli import run

CONFIG = os.environ.get("CONVERGE_REAL_CONFIG", "")
HOSTS = os.environ.get("CONVERGE_REAL_HOSTS", "").split()

pytestmark = [
    pytest.mark.freebsd,
    pytest.mark.skipif(
        not (CONFIG and HOSTS),
        reason="no real pair named: set CONVERGE_REAL_CONFIG and CONVERGE_REAL_HOSTS",
    ),
]

ARGS = ["-c", CONFIG, *(word for host in HOSTS for word in ("--host", host))]


def test_what_is_seen_can_be_planned_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", *ARGS]) in (0, 4)
    assert "unknown" not in capsys.readouterr().out


def test_the_pair_converges_and_then_nothing_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apply", "-y", *ARGS]) == 0
    assert run(["plan", "--detailed-exitcode", *ARGS]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_bundle_of_each_node_gives_the_plan_of_the_node(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for host in HOSTS:
        node = host.partition("=")[0]
        kept = tmp_path / f"{node}.json"
        assert run(["observe", "-c", CONFIG, "--host", host, "--bundle", str(kept)]) == 0
        capsys.readouterr()
        assert run(["plan", "-c", CONFIG, "--host", f"{node}=bundle:{kept}"]) == 0
        assert "nothing to do" in capsys.readouterr().out
