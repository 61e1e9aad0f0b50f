"""Programs that look at and change files, settings and processes."""

import pytest

from converge.lab.fresh import recorded_pair
from converge.lab.programs.sysrc import assign
from converge.lab.shell import sh
from converge.lab.shell.regex import compiled
from tests.lab.fs_worlds import running, then


def said(line: str) -> str:
    answer = sh(recorded_pair(), "hasta", line).answer
    return answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("mkdir -m 000 /tmp/d; ls -ld /tmp/d | sed 's/ .*//'", "d---------\n"),
        ("install -d -m 750 -o mysql -g mysql /tmp/a/b; stat -f '%Lp %Su:%Sg' /tmp/a/b",
         "750 mysql:mysql\n"),
        ("touch /tmp/f; chmod u+x,go-r /tmp/f; stat -f '%Sp %p' /tmp/f", "-rwx------ 100700\n"),
        ("touch /tmp/f; chown mysql /tmp/f; stat -f '%Su:%Sg %u' /tmp/f", "mysql:wheel 88\n"),
        ("mkdir /tmp/d; chflags schg /tmp/d; stat -f '%Sf %f' /tmp/d; stat -f %Sf /tmp",
         "schg 131072\n-\n"),
        ("echo abc > /tmp/f; stat -f '%z %HT %N' /tmp/f", "4 Regular File /tmp/f\n"),
        ("touch /tmp/f; sleep 9; touch /tmp/g; stat -f %m /tmp/f /tmp/g | uniq | wc -l",
         "       2\n"),
        ("mkdir -p /tmp/d/e; rmdir /tmp/d; rm /tmp/d; rm -r /tmp/d; ls /tmp",
         "rmdir: /tmp/d: Directory not empty\nrm: /tmp/d: is a directory\n"),
        ("cp /etc/rc.conf /tmp; mv /tmp/rc.conf /tmp/x; ls /tmp", "x\n"),
        ("mkdir -m 000 /tmp/d; chmod 1004 /tmp; stat -f '%Mp %Lp' /tmp/d /tmp", "0 0\n1 4\n"),
        ("touch /nosuch/f", "touch: /nosuch/f: No such file or directory\n"),
        ("cat /etc", "cat: /etc: Is a directory\n"),
        ("test -c /dev/vtbd1 && [ -x /etc/rc.d/hastd ] && [ ! -e /x ] && echo all", "all\n"),
        ("[ a = a -a 2 -gt 1 ] && echo both; [ a = ]; echo $?",
         "both\n2\n[: a: unexpected operator\n"),
        ("find /boot -name 'loader*' -type f", "/boot/loader.conf\n"),
        ("printf '%s-%d\\n' a 1 b 2", "a-1\nb-2\n"),
        ("find /nosuch /boot -name 'loader*'; echo $?",
         "/boot/loader.conf\n1\nfind: /nosuch: No such file or directory\n"),
        ("touch /tmp/f; sleep 61; touch /tmp/g; find /tmp -type f -mmin +1", "/tmp/f\n"),
        ("mkdir -p /tmp/d/e; echo abc > /tmp/d/e/f; grep -rsE 'a.c' /nosuch /tmp",
         "/tmp/d/e/f:abc\n"),
        ("id -u mysql; id -u toor", "88\nid: toor: no such user\n"),
        ("/usr/local/libexec/mysqld --version",
         "sh: /usr/local/libexec/mysqld: not found\n"),
        ("printf 'a\\na\\nb\\n' | uniq -c", "   2 a\n   1 b\n"),
        ("printf '1\\n2\\n3\\n4\\n' | sed -n '2,3p'; printf 'a\\nb\\n' | sed -e '/b/d' -e s/a/z/",
         "2\n3\nz\n"),
        ("printf '1\\n2\\n3\\n' | tail -n +2 | head -1", "2\n"),
        ("grep -n ^mysql_e /etc/rc.conf; grep -c zzz /etc/rc.conf", '7:mysql_enable="NO"\n0\n'),
        ("echo 'a.b(c)' | grep -F '.b(' && echo x+y | grep 'x+y' && echo aab | grep -E '^a+b$'",
         "a.b(c)\nx+y\naab\n"),
    ],
)  # fmt: skip
def test_what_programs_say(line: str, wanted: str) -> None:
    assert said(line) == wanted


def test_nobody_makes_or_changes_anything_in_a_sealed_directory_but_root_looks_in() -> None:
    world = then(recorded_pair(), "mkdir -p /data/in; chmod 000 /data; chflags schg /data")
    for line in ("touch /data/f", "mkdir /data/d", "rm -r /data/in", "chmod 755 /data"):
        answer = sh(world, "hasta", line).answer
        assert (answer.code, "Operation not permitted" in answer.stderr) == (1, True), line
    assert sh(world, "hasta", "cd /data && ls").answer.stdout == "in\n"
    world = then(world, "chflags noschg /data; touch /data/f")
    assert sh(world, "hasta", "ls /data").answer.stdout == "f\nin\n"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", 'a="1"\n'),
        ("b=2", 'b=2\na="1"\n'),
        ('a="0" # why\nb=2\n', 'a="1" # why\nb=2\n'),
        ("a='0'\na=5\n", "a='0'\na=\"1\"\n"),
        ("\n\n a='0'\n", "\n\n a='1'\n"),
        ("#a=0\nba=0\n", '#a=0\nba=0\na="1"\n'),
    ],
)
def test_sysrc_edits_the_last_assignment_in_place(old: str, new: str) -> None:
    assert assign(old, "a", "1") == new


def test_the_last_assignment_wins_and_rc_conf_local_wins_over_rc_conf() -> None:
    world = then(recorded_pair(), "echo 'hastd_enable=NO' >> /etc/rc.conf")
    assert sh(world, "hasta", "sysrc -n hastd_enable").answer.stdout == "NO\n"
    world = then(world, "echo 'hastd_enable=\"yes\" # x' > /etc/rc.conf.local")
    assert sh(world, "hasta", "sysrc -n hastd_enable").answer.stdout == "yes\n"
    world = then(world, "sysrc hastd_enable=NO; sysrc -c hastd_enable=NO")
    assert sh(world, "hasta", "cat /etc/rc.conf.local").answer.stdout == 'hastd_enable="NO" # x\n'


def test_basic_and_extended_expressions_differ() -> None:
    basic = compiled(r"a\(b\)\{2\}+", extended=False)
    assert basic is not None
    assert basic.pattern == r"a(b){2}\+"
    extended = compiled(r"a(b){2}\+[[:digit:]]", extended=True)
    assert extended is not None
    assert extended.fullmatch("abb+7")
    literal = compiled("(x)+[[:space:]]|[]a]", extended=False)
    assert literal is not None
    assert literal.fullmatch("(x)+ |]")
    assert compiled("(", extended=True) is None


def test_ps_and_pgrep_see_the_same_processes() -> None:
    world = running()
    lines = sh(world, "hasta", "ps axww -o pid,command | sed -e 1d -e 's/^ *//'").answer.stdout
    shown = sh(world, "hasta", "pgrep -lf .").answer.stdout
    assert [line.removesuffix(" (hastd)") for line in lines.splitlines()] == shown.splitlines()
    assert sh(world, "hasta", "pgrep -x mysqld | wc -l").answer.stdout == "       1\n"
    assert sh(world, "hasta", "pgrep mysqld_safe").answer.code == 1
    assert sh(world, "hasta", "pgrep -f -P 1 mysqld_safe | wc -l").answer.stdout == "       1\n"


def test_kill_ends_a_process_and_says_which_it_does_not_know() -> None:
    world = running()
    result = sh(world, "hasta", "kill -0 $(pgrep -x mysqld) && kill -KILL 99999")
    assert result.answer.stderr == "kill: 99999: No such process\n"
    assert sh(result.world, "hasta", "pgrep -x mysqld").answer.code == 0
    world = then(world, "pkill -9 -f mysqld")
    assert sh(world, "hasta", "pgrep -f mysqld").answer.code == 1


def test_killing_the_primarys_worker_leaves_the_mount_working() -> None:
    world = then(running(), 'kill -9 $(pgrep -f "hastd: test .primary"); sleep 3')
    row = r"printf 'PUT x\nQUIT\n' | nc -w 5 192.168.1.50 3306"
    assert sh(world, "hasta", row).answer.stdout.endswith("OK 1\n")


def test_sed_edits_in_place_only_when_it_is_told_to() -> None:
    made = "printf 'a\\nb\\n' > /tmp/x"
    assert said(f"{made}; sed -i '' s/a/z/ /tmp/x; cat /tmp/x") == "z\nb\n"
    assert said(f"{made}; sed s/a/z/ /tmp/x > /dev/null; cat /tmp/x") == "a\nb\n"
    assert "not simulated" in said(f"{made}; sed -i .bak s/a/z/ /tmp/x")
    assert said("sed -i '' s/a/z/ /tmp/none") == "sed: /tmp/none: No such file or directory\n"
