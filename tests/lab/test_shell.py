"""The small sh: quoting, joints, pipes, redirections, time, and what it refuses."""

import pytest

from converge.core.host import Answer, Command, Run
from converge.lab import faults
from converge.lab.fresh import recorded_pair
from converge.lab.host import Lab, LabHost
from converge.lab.shell import sh
from converge.lab.world import Result


def on_hasta(line: str, stdin: str = "") -> Result:
    return sh(recorded_pair(), "hasta", line, stdin)


@pytest.mark.parametrize(
    ("line", "stdout"),
    [
        ("echo one; echo two", "one\ntwo\n"),
        ("echo 'a  b' \"c  d\" e\\ f", "a  b c  d e f\n"),
        ("x=3; echo $x ${x}4 '$x' \"$x\"", "3 34 $x 3\n"),
        ('echo $(echo a   b) "$(echo a; echo b)" `echo c`', "a b a\nb c\n"),
        ("false && echo no; true && echo yes; false || echo or", "yes\nor\n"),
        ("false; echo $?; ! false; echo $?", "1\n0\n"),
        ("for f in a b; do mkdir -p /tmp/$f/x; done; ls /tmp", "a\nb\n"),
        (
            "if test -d /nosuch; then echo a; elif test -d /etc; then echo b; else echo c; fi",
            "b\n",
        ),
        ('x="b  c"; for f in $(echo a $x) "$x"; do echo "$f."; done', "a.\nb.\nc.\nb  c.\n"),
        ("echo text > /tmp/f; echo more >> /tmp/f; cat < /tmp/f", "text\nmore\n"),
        ("ls /nosuch 2>&1 | sed -n 's/No such.*/gone/p'", "ls: /nosuch: gone\n"),
        ("echo ab | sed 's/\\(a\\)b/[&\\1\\&\\q]/'", "[aba&q]\n"),
        ("echo ab | sed 's/[/x/' 2>&1", 'sed: 1: "s/[/x/": unbalanced brackets ([])\n'),
        ("echo ab | sed '/[a/d' 2>&1", 'sed: 1: "/[a/d": unbalanced brackets ([])\n'),
        ("echo ab | sed 's/a/\\1/' 2>&1", 'sed: 1: "s/a/\\1/": \\1 not defined in the RE\n'),
        ("echo ab | sed 's/\\(/x/' 2>&1", 'sed: 1: "s/\\(/x/": RE error: invalid expression\n'),
        ("ls /nosuch > /tmp/f 2>&1; wc -l /tmp/f", "       1 /tmp/f\n"),
        ("nosuch 2>/dev/null; echo $?", "127\n"),
        ("LC_ALL=C echo x # a comment", "x\n"),
        ("ls /etc/*.conf", "/etc/devd.conf\n/etc/hast.conf\n/etc/rc.conf\n"),
        ("echo '*' /nosuch/*", "* /nosuch/*\n"),
        ("cd /etc; cat rc.conf | head -1; ls -d rc.conf", 'hostname="hasta"\nrc.conf\n'),
        ("sh -c 'echo $2 $1' name one two", "two one\n"),
        ("echo one; exit 3; echo two", "one\n"),
        ("printf 'b\\na\\n' | sort | grep -c .", "2\n"),
    ],
)
def test_a_line_prints(line: str, stdout: str) -> None:
    result = on_hasta(line)
    assert result.answer.stderr == ""
    assert result.answer.stdout == stdout


@pytest.mark.parametrize(
    ("line", "code"),
    [("exit 3", 3), ("false", 1), ("false | true", 0), ("true | false", 1), ("nosuch", 127)],
)
def test_the_last_command_decides_the_code(line: str, code: int) -> None:
    assert on_hasta(line).answer.code == code


@pytest.mark.parametrize(
    "line", ["while true; do :; done", "(echo a)", "echo a &", "echo $((1+1))", "echo 'a", "if"]
)
def test_what_it_does_not_know_is_said_and_nothing_is_run(line: str) -> None:
    result = on_hasta(f"echo never; {line}")
    assert result.answer.code == 2
    assert result.answer.stdout == ""
    assert result.answer.stderr.startswith("sh: Syntax error: ")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc", "Is a directory"),
        ("/nosuch/f", "No such file or directory"),
        ("/dev/vtbd2", "Operation not supported"),
    ],
)
def test_output_does_not_go_just_anywhere(path: str, why: str) -> None:
    before = recorded_pair()
    result = on_hasta(f"echo x > {path}")
    assert result.answer == Answer(2, "", f"sh: cannot create {path}: {why}\n")
    assert result.world.machines == before.machines
    assert on_hasta("echo x > /dev/null").answer == Answer()


def test_time_passes_between_commands_and_pipes_run_side_by_side() -> None:
    before = recorded_pair()
    result = on_hasta("sleep 2; sleep 3 | sleep 1")
    assert result.took_s == pytest.approx(5.0, abs=0.01)
    assert result.world.now == pytest.approx(before.now + result.took_s)


def test_a_host_of_the_lab_counts_the_time_of_a_shell_once() -> None:
    lab = Lab(recorded_pair())
    begun, host = lab.world.now, LabHost(lab, "hasta")
    line = ("sh", "-c", "sleep 5; sleep 5")
    host.ask([Run(line, deadline_s=30.0), Run(("hostname",))])
    assert lab.world.now - begun == pytest.approx(10.0, abs=0.1)
    ticket = host.begin(Command(line))
    assert host.wait([ticket], begun + 60) == {ticket: Answer()}
    assert lab.world.now - begun == pytest.approx(20.0, abs=0.1)


def test_a_shell_that_stands_in_a_directory_holds_the_file_system() -> None:
    made = on_hasta("newfs -U /dev/vtbd2 >/dev/null; mount /dev/vtbd2 /mnt").world
    stood = sh(made, "hasta", "cd /mnt; umount /mnt")
    assert stood.answer.stderr == "umount: unmount of /mnt failed: Device busy\n"
    assert sh(stood.world, "hasta", "umount /mnt").answer.code == 0


def test_a_program_that_hangs_hangs_the_line() -> None:
    world = faults.hang(recorded_pair(), "hasta", "hastctl")
    result = sh(world, "hasta", "echo before; hastctl status; echo after")
    assert result.took_s == float("inf")
    assert result.answer.lost
    assert "after" not in result.answer.stdout


def test_a_script_runs_by_its_path_only_when_it_may() -> None:
    world = on_hasta("echo 'echo hello $1' > /usr/local/sbin/greet").world
    path = "/usr/local/sbin/greet you"
    assert sh(world, "hasta", path).answer.code == 126
    assert sh(world, "hasta", f"sh {path}").answer.stdout == "hello you\n"
    world = sh(world, "hasta", "chmod 755 /usr/local/sbin/greet").world
    assert sh(world, "hasta", path).answer.stdout == "hello you\n"
    assert sh(world, "hasta", "/usr/local/sbin/nosuch").answer.code == 127
