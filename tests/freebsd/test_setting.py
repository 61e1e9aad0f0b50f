"""Settings: reading and changing one key of the files of FreeBSD's boot."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from converge.core.host import NO_SUCH_FILE, Answer, Edit, edited
from converge.core.ids import ResourceId
from converge.core.plan import Action, Direction
from converge.core.secret import Secret, join, masked, reveal
from converge.core.state import Absent, Present, Unknown, in_sync
from converge.freebsd.setting import PASSWORDS, Setting, SettingState
from converge.freebsd.setting.syntax import Assignment, parse_setting
from tests.freebsd.around import Neighbours, Surroundings, change, made
from tests.looking import see
from tests.recorded import recording

AROUND = Surroundings()
VIEW = Neighbours(AROUND)
RC, LOCAL = "read /etc/rc.conf", "read /etc/rc.conf.local"
MISSING = Answer(NO_SUCH_FILE)
RC_CONF = recording("sysrc-file-after").stdout
ALIAS = "inet vhid 1 pass testpass alias 192.168.1.50/32"


def look(setting: Setting, text: str, local: Answer = MISSING) -> Any:
    return see(setting, AROUND, {f"read {setting.file}": Answer(0, text), LOCAL: local})


def act(setting: Setting, text: str) -> Action:
    (action,) = setting.actions(change(setting, look(setting, text), setting.want(VIEW)))
    return action


def after(setting: Setting, text: str) -> str:
    """The file after what the setting would do to it; fails when it would do nothing."""
    edit = act(setting, text).effect
    assert isinstance(edit, Edit)
    new = edited(text, reveal(edit.old), reveal(edit.new))
    assert new is not None
    return new


def secret_alias(password: str = "testpass") -> Setting:
    """As another kind implies it: in Python, with a secret."""
    value = join("inet vhid 1 pass ", Secret(password), " alias 192.168.1.50/32")
    id = ResourceId("hasta", "setting", "ifconfig_vtnet1_alias0")
    assert isinstance(value, Secret)
    return Setting.model_validate({"id": id, "value": value})


def value_of(text: str, key: str, path: str = "/etc/rc.conf") -> Any:
    found = parse_setting(path, text, key)
    return found.value if isinstance(found, Assignment) else found


# --- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["sysrc-n-set", "sysrc-n-alias", "sysrc-n-override"], ids=lambda name: name
)
def test_reads_the_recorded_rc_conf_as_sysrc_does(name: str) -> None:
    key = recording(name).cmd.split()[-1]
    assert value_of(RC_CONF, key) == recording(name).stdout.rstrip("\n")


def test_reads_every_key_that_sysrc_lists() -> None:
    listed = dict(line.split(": ", 1) for line in recording("sysrc-a").stdout.splitlines())
    assert len(listed) == 17
    assert {key: value_of(RC_CONF, key) for key in listed} == listed


@pytest.mark.parametrize("key", ["nosuchvar", "enable", "hastd", "name", "bad", "bad-name"])
def test_a_key_that_is_not_set_is_nothing(key: str) -> None:
    assert value_of(RC_CONF, key) is None or key == "bad-name"


SHELL_LINES = [
    'k="YES"\n',
    "k=YES",
    "k='a b'\n",
    "k=\n",
    'k=""\n',
    'export k="x"\n',
    '  k="x"   # why: it\'s "so"\n',
    'k="x";\n',
    'k="x"; # so\n',
    "k=a#b\n",
    'k="a#b" # c\n',
    "k=a' b '\"c\"\\ d\n",
    'k="a \\"b\\" \\\\ c"\n',
    'k="one \\\n  two"\nj=1\n',
    'k="1"\nk="2"\n',
    "# k=1\nk='2'\n#k=3\n",
    "# don't\nk=1\n# can't\n",
    'j="k=no\nk=no\n"\nk=yes\n',
    "kk=1\nk_=2\nk=3\n_k=4\n",
    "j=\"it's\"\nk=1\nl='a \"quote'\n",
    "if true; then\n  j=1\nfi\nk=1\n",
    "f() {\n  j=1\n}\nk=1\n",
    "k='a$b`c'\n",
    "k=1\n\n\n   \n",
]


@pytest.mark.parametrize("text", SHELL_LINES)
def test_reads_what_a_shell_reads(text: str, tmp_path: Path) -> None:
    sh = shutil.which("sh")
    assert sh is not None
    (tmp_path / "rc.conf").write_text(text)
    told = subprocess.run(
        [sh, "-c", f'. {tmp_path}/rc.conf; printf "%s" "$k"'], capture_output=True, check=True
    )
    assert value_of(text, "k") == told.stdout.decode()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('k+="x"\n', 1, "+="),
        ('a=1\nk="$a"\n', 2, "no plain assignment"),
        ("k=`x`\n", 1, "no plain assignment"),
        ('k="\\$x"\n', 1, "no plain assignment"),
        ("k=1 j=2\n", 1, "no plain assignment"),
        ("k=1 true\n", 1, "no plain assignment"),
        ("k=a\\\n# so\n", 1, "no plain assignment"),
        ("k=1; j=2\n", 1, "no plain assignment"),
        ("k=1\nunset k\n", 2, "no plain assignment"),
        (': ${k:="YES"}\n', 1, "no plain assignment"),
        ('k="YES"\r\n', 1, "no plain assignment"),
        ("\nif [ -f /x ]; then\n  k=1\nfi\n", 3, "inside a condition"),
        ("f() {\n k=1\n}\n", 2, "inside a condition"),
        ("case x in\nx)\nk=1\n;;\nesac\n", 3, "inside a condition"),
        ("if true; then k=1; fi\n", 1, "no plain assignment"),
        ('k=1\nj="open\nk=2\n', 2, "never closed"),
        ("j='open\n", 1, "never closed"),
    ],
)
def test_what_only_a_shell_could_tell_is_unknown(text: str, line: int, words: str) -> None:
    found = parse_setting("/etc/rc.conf", text, "k")
    assert isinstance(found, Unknown)
    assert f"line {line} of /etc/rc.conf" in found.why
    assert words in found.why


def test_a_plain_line_after_an_odd_one_decides() -> None:
    assert value_of('k="$a"\nif x; then\nk=1\nfi\nk=2\n', "k") == "2"


def test_odd_lines_about_other_keys_do_not_matter() -> None:
    assert value_of('j="$a"\n. /etc/other\nj+=1\nk=1\n[ -f x ] && j=2\n', "k") == "1"


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("/etc/sysctl.conf", "a.b=1\n", "1"),
        ("/etc/sysctl.conf", "a.b = 1 # so\n", "1"),
        ("/etc/sysctl.conf", "a.b: 1\n", "1"),
        ("/etc/sysctl.conf", "a.b=two words\n", "two words"),
        ("/etc/sysctl.conf", 'a.b="1"\n', "1"),
        ("/etc/sysctl.conf", "a.b=1\na.b=2\n#a.b=3\na.b.c=4\n", "2"),
        ("/etc/sysctl.conf.local", "a.b=1", "1"),
        ("/boot/loader.conf", 'a.b="YES"\n', "YES"),
        ("/boot/loader.conf", "a.b=YES # so\n", "YES"),
        ("/boot/loader.conf", 'a.b = "a#b"# so\n', "a#b"),
        ("/boot/loader.conf.d/x.conf", 'a.b="YES"', "YES"),
        ("/boot/loader.conf.local", 'a.b=""\n', ""),
        ("/boot/loader.conf", "xa.b=1\na.b_load=1\n", None),
    ],
)
def test_reads_the_other_two_ways_of_writing(path: str, text: str, value: str | None) -> None:
    assert value_of(text, "a.b", path) == value


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/boot/loader.conf", 'a.b="x\n'),
        ("/boot/loader.conf", "a.b=x y\n"),
        ("/boot/loader.conf", 'a.b+="x"\n'),
        ("/etc/sysctl.conf", 'a.b="x\n'),
        ("/etc/sysctl.conf", "a.b\n"),
    ],
)
def test_a_broken_line_is_unknown_in_all_files(path: str, text: str) -> None:
    found = parse_setting(path, text, "a.b")
    assert isinstance(found, Unknown)
    assert f"line 1 of {path}" in found.why


# --- looking ---------------------------------------------------------------------------------


def test_sees_the_value_and_the_whole_line() -> None:
    seen = look(made(Setting, "hastd_enable", value="YES"), RC_CONF)
    assert seen == Present(SettingState("YES"))
    assert seen.state.line == 'hastd_enable="YES"'


def test_no_file_and_no_key_are_absent() -> None:
    setting = made(Setting, "x_load", file="/boot/loader.conf", value="YES")
    assert see(setting, AROUND, {"read /boot/loader.conf": MISSING}) == Absent()
    assert look(setting, "") == Absent()
    assert look(setting, 'y_load="YES"\n') == Absent()


def test_a_file_that_cannot_be_read_is_unknown() -> None:
    setting = made(Setting, "x", value="YES")
    denied = Answer(1, "", "cat: /etc/rc.conf: Permission denied")
    seen = see(setting, AROUND, {RC: denied, LOCAL: MISSING})
    assert isinstance(seen, Unknown)
    assert "Permission denied" in seen.why
    seen = see(setting, AROUND, {RC: Answer(0, 'x="YES"\n'), LOCAL: denied})
    assert isinstance(seen, Unknown)


def test_rc_conf_local_wins_and_says_what_to_do() -> None:
    setting = made(Setting, "hastd_enable", value="YES")
    seen = look(setting, RC_CONF, Answer(0, 'hastd_enable="NO"\n'))
    assert isinstance(seen, Unknown)
    assert "hastd_enable to NO" in seen.why
    assert "/etc/rc.conf.local" in seen.why
    assert 'file = "/etc/rc.conf.local"' in seen.why


def test_rc_conf_local_that_agrees_is_what_holds() -> None:
    setting = made(Setting, "hastd_enable", value="YES")
    seen = look(setting, 'hastd_enable="NO"\n', Answer(0, 'hastd_enable="YES"\n'))
    assert in_sync(seen, setting.want(VIEW))


def test_rc_conf_local_may_be_the_file_itself() -> None:
    setting = made(Setting, "hastd_enable", file="/etc/rc.conf.local", value="YES")
    assert look(setting, "", Answer(0, 'hastd_enable="NO"\n')) == Present(SettingState("NO"))


# --- changing --------------------------------------------------------------------------------


def test_in_sync_is_in_sync() -> None:
    setting = made(Setting, "hastd_enable", value="YES")
    assert in_sync(look(setting, RC_CONF), setting.want(VIEW))
    assert not in_sync(look(setting, "hastd_enable=yes\n"), setting.want(VIEW))


@pytest.mark.parametrize(
    ("file", "before", "expected"),
    [
        ("/etc/rc.conf", 'a=1\nk="old"  # so\nb=2\n', 'a=1\nk="new"  # so\nb=2\n'),
        ("/etc/rc.conf", "\texport k=old;# so\n", '\texport k="new";# so\n'),
        ("/etc/rc.conf", 'k="1"\nk="2"', 'k="1"\nk="new"\n'),
        ("/etc/rc.conf", 'k="2"\nj=1\nk="2"\n', 'k="2"\nj=1\nk="new"\n'),
        ("/etc/rc.conf", 'k="one \\\n two" # so\nj=1\n', 'k="new" # so\nj=1\n'),
        ("/etc/rc.conf", "", 'k="new"\n'),
        ("/etc/rc.conf", "j=1", 'j=1\nk="new"\n'),
        ("/etc/sysctl.conf", "k=old # so\n", "k=new # so\n"),
        ("/etc/sysctl.conf", "k = old\n", "k = new\n"),
        ("/etc/sysctl.conf", "j=1\n", "j=1\nk=new\n"),
        ("/boot/loader.conf", "k=old\n", 'k="new"\n'),
        ("/boot/loader.conf", "", 'k="new"\n'),
    ],
)
def test_changes_one_line_in_its_own_style(file: str, before: str, expected: str) -> None:
    setting = made(Setting, "k", value="new", file=file)
    assert after(setting, before) == expected
    assert in_sync(look(setting, expected), setting.want(VIEW))


def test_the_reason_has_the_old_and_the_new() -> None:
    setting = made(Setting, "mysql_enable", value="YES")
    assert act(setting, RC_CONF).why == "mysql_enable is NO in /etc/rc.conf, wished is YES"
    assert "mysql_enable is not set in /etc/rc.conf" in act(setting, "").why
    assert act(setting, "").direction is Direction.UP


def test_one_key_in_two_files_by_its_own_name() -> None:
    setting = made(Setting, "carp in the loader", key="k", value="1", file="/boot/loader.conf")
    assert after(setting, "") == 'k="1"\n'


def test_wished_away_takes_the_line_out() -> None:
    setting = made(Setting, "k", value="1")
    seen = look(setting, "a=1\nk=1\nb=2\n")
    (action,) = setting.actions(change(setting, seen, Absent()))
    assert (action.verb, action.direction) == ("remove", Direction.DOWN)
    assert isinstance(action.effect, Edit)
    edit = action.effect
    assert edited("a=1\nk=1\nb=2\n", reveal(edit.old), reveal(edit.new)) == "a=1\nb=2\n"
    assert setting.actions(change(setting, Absent(), Absent())) == ()


def test_a_member_joins_a_list_and_leaves_it() -> None:
    setting = made(Setting, "cloned_interfaces", value="carp0", member=True)
    wish = setting.want(VIEW)
    assert in_sync(look(setting, 'cloned_interfaces="lo1 carp0"\n'), wish)
    assert not in_sync(look(setting, 'cloned_interfaces="lo1 carp01"\n'), wish)
    assert after(setting, 'cloned_interfaces="lo1"\n') == 'cloned_interfaces="lo1 carp0"\n'
    assert after(setting, "cloned_interfaces=\n") == 'cloned_interfaces="carp0"\n'
    assert after(setting, "") == 'cloned_interfaces="carp0"\n'
    both = look(setting, 'cloned_interfaces="lo1 carp0"\n')
    (action,) = setting.actions(change(setting, both, Absent()))
    assert isinstance(action.effect, Edit)
    assert action.effect.new == 'cloned_interfaces="lo1"\n'
    alone = look(setting, 'cloned_interfaces="carp0"\n')
    (action,) = setting.actions(change(setting, alone, Absent()))
    assert isinstance(action.effect, Edit)
    assert action.effect.new == ""


# --- secrets ---------------------------------------------------------------------------------


def test_a_secret_is_compared_and_never_shown() -> None:
    setting = secret_alias()
    assert in_sync(look(setting, RC_CONF), setting.want(VIEW))
    other = secret_alias("0therpass")
    seen = look(other, RC_CONF)
    assert not in_sync(seen, other.want(VIEW))
    action = act(other, RC_CONF)
    assert isinstance(action.effect, Edit)
    assert (
        reveal(action.effect.new)
        == 'ifconfig_vtnet1_alias0="' + ALIAS.replace("testpass", "0therpass") + '"\n'
    )
    told = f"{seen} {action} {action.why} {action.effect.old} {action.effect.new} {other!r}"
    assert "testpass" not in told
    assert "0therpass" not in told
    assert "pass *** alias 192.168.1.50/32" in action.why
    assert action.why.endswith("but with another secret")
    assert after(other, RC_CONF).count("0therpass") == 1


def test_a_password_in_a_plain_value_is_covered_too() -> None:
    setting = made(Setting, "ifconfig_vtnet1_alias0", value=ALIAS.replace("testpass", "0therpass"))
    action = act(setting, RC_CONF)
    assert "testpass" not in f"{action}{look(setting, RC_CONF)}"
    assert "0therpass" not in f"{action}{setting.want(VIEW)}"
    assert "pass 0therpass alias" in after(setting, RC_CONF)


def test_a_secret_without_a_known_form_hides_all_of_the_line() -> None:
    setting = secret_alias().model_copy(update={"value": Secret("s3cret")})
    text = 'ifconfig_vtnet1_alias0="old0ne"\n'
    told = f"{look(setting, text)}{act(setting, text)}"
    assert "old0ne" not in told
    assert "s3cret" not in told


@pytest.mark.parametrize("password", ["testpass", "1", "50", "alias"])
def test_an_answer_with_its_mask_on_is_taken_as_equal(password: str) -> None:
    hidden = masked(RC_CONF.replace("testpass", password), (), PASSWORDS)
    setting = secret_alias(password)
    assert in_sync(look(setting, hidden), setting.want(VIEW))
    assert not in_sync(look(setting, hidden.replace("vhid 1", "vhid 2")), setting.want(VIEW))


def test_queries_say_what_must_be_masked() -> None:
    query = next(secret_alias().look(AROUND))
    (pattern,) = query.secrets
    (found,) = re.finditer(pattern, RC_CONF)
    assert found[1] == "testpass"


# --- what the desired file may say -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("k", {"value": 'a"b'}, "without the characters"),
        ("k", {"value": "a$b"}, "without the characters"),
        ("k", {"value": "a`b"}, "without the characters"),
        ("k", {"value": "a\nb"}, "one line"),
        ("a.b", {"value": "1"}, "one plain word"),
        ("a b", {"value": "1"}, "one plain word"),
        ("a;b", {"value": "1"}, "one plain word"),
        ("k", {"value": "a#b", "file": "/etc/sysctl.conf"}, "without the characters"),
        ("k", {"value": "a ", "file": "/etc/sysctl.conf"}, "one line"),
        ("k", {"value": "1", "file": "rc.conf"}, "pattern"),
        ("k", {"value": 1}, "string"),
        ("k", {}, "required"),
        ("k", {"value": "1", "flie": "/x"}, "Extra inputs"),
    ],
)
def test_what_cannot_be_written_is_refused(name: str, table: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        made(Setting, name, **table)


def test_nothing_is_implied_or_needed() -> None:
    setting = made(Setting, "k", value="1", needs=["file./x"])
    assert list(setting.implied(AROUND)) == []
    assert list(setting.needed(AROUND)) == ["file./x"]


# --- whatever the file is like ---------------------------------------------------------------

VALUES = st.text("abXY-/.,: #'%=+019", max_size=8)
QUOTED = st.one_of(
    VALUES.map(lambda v: f'"{v}"'),
    VALUES.map(lambda v: "'" + v.replace("'", "") + "'"),
    st.text("abXY-/.,:#%=+019", max_size=8),
    VALUES.map(lambda v: '"' + v + "\\\n" + v + '"'),
)
TAIL = st.sampled_from(["", " ", "  # it's a remark", '\t# "', ";", "; # k=7"])
OTHERS = st.one_of(
    st.sampled_from(["", "   ", "# k=1", "#k='", "# don't", "\tkk=9", 'k_="x"', "_k='k=1'"]),
    st.tuples(st.sampled_from(["a", "key", "bad-name", "export b"]), QUOTED).map("=".join),
)
OWN = st.tuples(st.sampled_from(["k=", "  k=", "export k="]), QUOTED, TAIL).map("".join)
LINES = st.lists(st.one_of(OTHERS, OWN), max_size=8)


@settings(deadline=None)
@given(LINES, st.sampled_from(["", "\n"]), VALUES)
def test_all_other_lines_stay_byte_for_byte(lines: list[str], end: str, value: str) -> None:
    text = "\n".join(lines) + end
    setting = made(Setting, "k", value=value)
    own = [at for at, line in enumerate(lines) if line.lstrip().startswith(("k=", "export k="))]
    if in_sync(look(setting, text), setting.want(VIEW)):
        return
    new = after(setting, text)
    assert in_sync(look(setting, new), setting.want(VIEW))
    whole = text if not text or text.endswith("\n") else text + "\n"
    if not own:
        assert new.startswith(whole)
        assert new[len(whole) :] == f'k="{value}"\n'
        return
    before = "".join(line + "\n" for line in lines[: own[-1]])
    behind = whole[len(before) + len(lines[own[-1]]) + 1 :]
    assert new.startswith(before)
    assert new.endswith(behind)
    tail = new[len(before) : len(new) - len(behind)]
    assert tail.count(f'k="{value}"') == 1
