"""What hosts of real machines must do with programs, seen behind the door: processes, time."""

import os
import time
from pathlib import Path

import pytest

from converge.core.host import (
    Answer,
    Command,
    Run,
)
from converge.hosts.answers import ENVIRONMENT, KEEP
from tests.hosts.conftest import Door
from tests.hosts.watching import alive, gone, nap


def test_a_program_has_only_our_environment(
    real_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    monkeypatch.setenv("MYSQL_PWD", "x")
    (answer,) = real_door.host.ask([Run(("env",))])
    found = dict(line.split("=", 1) for line in answer.stdout.splitlines())
    of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {k: v for k, v in found.items() if k not in of_the_shell} == ENVIRONMENT


def test_a_program_starts_in_the_root_folder_with_an_empty_input(real_door: Door) -> None:
    old = os.umask(0o077)
    answers = real_door.host.ask([Run(("pwd",)), Run(("cat",)), Run(("sh", "-c", "umask"))])
    os.umask(old)
    assert [answer.stdout.strip() for answer in answers] == ["/", "", "0022"]


def test_a_program_that_may_not_run_is_126(real_door: Door) -> None:
    (answer,) = real_door.host.ask([Run(("/etc/passwd",))])
    assert (answer.code, answer.lost) == (126, "")


def test_a_killed_program_has_the_code_of_the_shell(real_door: Door) -> None:
    (answer,) = real_door.host.ask([Run(("sh", "-c", "echo so far; kill -KILL $$"))])
    assert answer == Answer(137, "so far\n")


def test_what_is_silent_is_lost_in_time_with_its_whole_group(real_door: Door) -> None:
    napping = nap()
    began = time.monotonic()
    (answer,) = real_door.host.ask(
        [Run(("sh", "-c", f"echo so far; {napping} & {napping}"), deadline_s=0.5)]
    )
    assert time.monotonic() - began < 2.0
    assert answer.lost == "no answer within 0.5 s (sh was killed)"
    assert gone(napping)


def test_what_ignores_term_is_killed(real_door: Door) -> None:
    napping = nap()
    began = time.monotonic()
    script = f"trap '' TERM; {napping} & {napping}"
    (answer,) = real_door.host.ask([Run(("sh", "-c", script), deadline_s=0.3)])
    assert 2.2 < time.monotonic() - began < 5.0
    assert answer.lost == "no answer within 0.3 s (sh was killed)"
    assert gone(napping)


def test_what_ignores_term_behind_a_program_that_does_not_is_killed(real_door: Door) -> None:
    napping = nap()
    script = f"(trap '' TERM; exec {napping}) & sleep 60"
    (answer,) = real_door.host.ask([Run(("sh", "-c", script), deadline_s=0.5)])
    assert answer.lost == "no answer within 0.5 s (sh was killed)"
    assert gone(napping)


def test_a_command_too_is_lost_at_its_deadline(real_door: Door) -> None:
    napping = nap()
    answer = real_door.do(Command(tuple(napping.split()), deadline_s=0.3))
    assert answer.lost == "no answer within 0.3 s (sleep was killed)"
    assert gone(napping)


def test_one_that_hangs_keeps_no_other_from_answering(real_door: Door) -> None:
    napping = nap()
    queries = [Run(tuple(napping.split()), 0.5), *[Run(("echo", "x"))] * 3]
    answers = real_door.host.ask(queries)
    assert answers[0].lost
    assert answers[1:] == [Answer(0, "x\n")] * 3


def test_a_daemon_that_keeps_the_pipe_does_not_keep_us_and_lives_on(real_door: Door) -> None:
    napping = nap()
    began = time.monotonic()
    (answer,) = real_door.host.ask([Run(("sh", "-c", f"{napping} & echo $!; exit 3"))])
    assert time.monotonic() - began < 3.0
    assert (answer.code, answer.lost) == (3, "")
    assert alive(napping)
    os.kill(int(answer.stdout), 9)


def test_a_batch_runs_side_by_side(real_door: Door) -> None:
    began = time.monotonic()
    assert real_door.host.ask([Run(("sleep", "1"))] * 12) == [Answer()] * 12
    assert time.monotonic() - began < 4.0


def test_a_large_batch_runs_in_bounds(real_door: Door, tmp_path: Path) -> None:
    script = 'cd "$1"; : >$$; ls | wc -l; sleep 0.3; rm $$'
    answers = real_door.host.ask([Run(("sh", "-c", script, "sh", str(tmp_path)))] * 40)
    most = [int(answer.stdout) for answer in answers]
    assert len(most) == 40
    assert 2 <= max(most) <= 16


def test_output_is_bounded(real_door: Door) -> None:
    sizes = (KEEP, KEEP + 1, 20 * KEEP)
    fits, too_much, far_too_much = (("head", "-c", str(size), "/dev/zero") for size in sizes)
    whole, *cut, other = real_door.host.ask(
        [Run(fits), Run(too_much), Run(far_too_much), Run(("echo", "x"))]
    )
    assert (len(whole.stdout), whole.lost) == (KEEP, "")
    assert [answer.lost for answer in cut] == [f"head printed more than {KEEP} bytes"] * 2
    assert other == Answer(0, "x\n")
    done = real_door.do(Command(too_much))
    assert (done.code, len(done.stdout), done.lost) == (0, KEEP, "")


def test_input_and_output_may_be_larger_than_a_pipe(real_door: Door) -> None:
    text = "0123456789abcde\n" * 20000
    assert real_door.do(Command(("cat",), stdin=text)) == Answer(0, text)
    assert real_door.do(Command(("true",), stdin=text)) == Answer()


def test_a_word_no_program_can_take_is_lost(real_door: Door) -> None:
    good, bad = real_door.host.ask([Run(("echo", "x")), Run(("echo", "a\0b"))])
    assert good == Answer(0, "x\n")
    assert bad.lost == "echo could not be started: embedded null byte"
