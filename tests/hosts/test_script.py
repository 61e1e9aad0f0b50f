"""The script for a far node, run by the shells that are here, and the frames that come back."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from converge.core.host import Answer, Command
from converge.hosts.answers import ENVIRONMENT, encoded
from converge.hosts.script import parse_answers, script
from tests.hosts.watching import come, gone, nap

SHELLS = ["sh", "dash", "bash --posix", "busybox sh", "mksh", "ksh", "yash", "zsh --emulate sh"]
ANY_BYTE = "".join(map(chr, range(1, 128))) + bytes(range(128, 256)).decode(
    "utf-8", "surrogateescape"
)
TOOLS = ("cat", "env", "head", "kill", "mktemp", "pkill", "rm", "sleep", "wc")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> list[str]:
    program, *options = request.param.split()
    found = shutil.which(program)
    if not found:
        pytest.skip(f"there is no {program} here")
    return [found, *options]


def run(shell: list[str], folder: Path, *commands: Command, path: str = "") -> list[Answer]:
    """Let the shell read the script from its input, as over ssh; what it keeps is in `folder`."""
    env = {"PATH": path or ENVIRONMENT["PATH"], "TMPDIR": str(folder)}
    text = encoded(script(commands))
    done = subprocess.run(shell, input=text, capture_output=True, env=env, timeout=30)
    answers = parse_answers(done.stdout, commands)
    return [answers[place] for place in range(len(commands))]


def test_every_shell_runs_it(shell: list[str], tmp_path: Path) -> None:
    tmp_path = tmp_path / "two words"
    tmp_path.mkdir()
    napping = nap()
    commands = (
        Command(("printf", "%s", ANY_BYTE)),
        Command(("cat",), stdin=ANY_BYTE + "\n\n"),
        Command(("cat",), stdin="END\nEND_" * 20_000),
        Command(("sh", "-c", "echo out; echo err >&2; exit 3")),
        Command(("sh", "-c", "kill -KILL $$")),
        Command(("sh", "-c", f"trap '' TERM; {napping} & {napping}"), deadline_s=0.3),
        *[Command(("echo", str(n))) for n in range(20)],
    )
    assert run(shell, tmp_path, *commands) == [
        Answer(0, ANY_BYTE),
        Answer(0, ANY_BYTE + "\n\n"),
        Answer(0, "END\nEND_" * 20_000),
        Answer(3, "out\n", "err\n"),
        Answer(137),
        Answer(lost="no answer within 0.3 s (sh was killed)"),
        *[Answer(0, f"{n}\n") for n in range(20)],
    ]
    assert gone(napping)
    assert list(tmp_path.iterdir()) == []


def test_without_setsid_the_program_itself_is_killed(tmp_path: Path) -> None:
    """As on FreeBSD before 12, whose sh has job control on a terminal only."""
    for tool in TOOLS:
        (tmp_path / tool).symlink_to(shutil.which(tool) or pytest.skip(f"there is no {tool}"))
    napping, guarded_s = nap(), 3700 + os.getpid()
    hanging = Command(tuple(napping.split()), deadline_s=0.3)
    quick = Command(("/bin/true",), guarded_s)
    lost, told = run(["/bin/sh"], tmp_path, hanging, quick, path=str(tmp_path))
    assert lost.lost == "no answer within 0.3 s (sleep was killed)"
    assert told == Answer()
    assert gone(napping)
    assert gone(f"sleep {guarded_s}")


def test_part_of_a_script_does_nothing(tmp_path: Path) -> None:
    text = encoded(script([Command(("touch", str(tmp_path / "f")))]))
    whole = text.rindex(b"main")
    for size in [*range(0, whole, 97), *range(whole - 80, whole, 3)]:
        subprocess.run(["sh"], input=text[:size], capture_output=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_a_shell_that_is_told_to_end_takes_its_programs_along(
    tmp_path: Path, how: signal.Signals
) -> None:
    napping = nap()
    text = encoded(script([Command(("sh", "-c", f"{napping} & {napping}"), 60)]))
    env = {"PATH": ENVIRONMENT["PATH"], "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        ["sh"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=env
    ) as process:
        assert process.stdin is not None
        process.stdin.write(text)
        process.stdin.close()
        assert come(napping)
        process.send_signal(how)
        process.wait(10)
    assert gone(napping)
    assert list(tmp_path.iterdir()) == []


ONE, TWO = Command(("one",)), Command(("two",))
FRAMES = b"converge: the answers begin\n0 0 3 2\nab\nc\n1 none 0 0\n"


def test_frames_are_read_by_their_lengths() -> None:
    assert parse_answers(FRAMES, [ONE, TWO]) == {
        0: Answer(0, "ab\n", "c\n"),
        1: Answer(lost="two ended without telling its code"),
    }


def test_what_a_login_says_first_is_not_an_answer() -> None:
    assert parse_answers(b"Welcome\n0 0 1 0\nx" + FRAMES, [ONE, TWO])[0].stdout == "ab\n"


@pytest.mark.parametrize("size", range(len(FRAMES)))
def test_a_frame_that_did_not_arrive_whole_is_no_answer(size: int) -> None:
    whole = parse_answers(FRAMES, [ONE, TWO])
    found = parse_answers(FRAMES[:size], [ONE, TWO])
    assert found == {place: whole[place] for place in found}
    assert 1 not in found
    assert (0 in found) == (size >= FRAMES.index(b"1 none"))


def test_frames_beyond_the_question_are_not_read() -> None:
    assert parse_answers(FRAMES, [ONE]) == {0: Answer(0, "ab\n", "c\n")}
