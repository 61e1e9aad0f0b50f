"""Files: what stat prints, and writing, chmod, chown as far as each is wished."""

from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.host import NO_SUCH_FILE, Answer, Command, Write
from converge.core.ids import ResourceId
from converge.core.plan import Action, Direction
from converge.core.secret import Secret
from converge.core.state import Absent, Observation, Present, Unknown, in_sync
from converge.freebsd.file import File, FileState, Stat, parse_stat
from tests.freebsd.around import Neighbours, Surroundings, change, made
from tests.looking import see
from tests.recorded import recording

AROUND = Surroundings()
SCRIPT = "/usr/local/etc/rc.d/mysql-server"
MISSING = Answer(1, "", f"stat: {SCRIPT}: stat: No such file or directory\n")


def look(file: File, stat: Answer | str, text: Answer | str = "") -> Any:
    """What it sees when `stat` prints this and the file has this text."""
    stat = Answer(0, stat) if isinstance(stat, str) else stat
    text = Answer(0, text) if isinstance(text, str) else text
    query = str(next(file.look(AROUND)))
    return see(file, AROUND, {query: stat, f"read {file.id.name}": text})


def wish(file: File, observed: Observation[FileState] = Present(FileState())) -> Any:  # noqa: B008 - frozen
    return file.want(Neighbours(AROUND, {str(file.id.ref): observed}))


def act(file: File, observed: Any) -> tuple[Action, ...]:
    return file.actions(change(file, observed, wish(file, observed)))


# --- reading ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stat"),
    [
        ("644 root:wheel\n", Stat(0o644, "root:wheel")),
        ("0 root:wheel\n", Stat(0, "root:wheel")),
        ("4 755 root:wheel\n", Stat(0o4755, "root:wheel")),
        ("0 5 www:www-data\n", Stat(0o005, "www:www-data")),
        ("7 777 1001:1001\n", Stat(0o7777, "1001:1001")),
        ("stat: what\n", None),
        ("", None),
        ("888 root:wheel\n", None),
    ],
)
def test_reads_what_stat_prints(text: str, stat: Stat | None) -> None:
    assert parse_stat(text) == stat


# --- looking ---------------------------------------------------------------------------------


def test_asks_only_for_what_is_managed() -> None:
    file = made(File, SCRIPT, mode="555")
    query = next(file.look(AROUND))
    assert str(query) == f"stat -f '%Lp %Su:%Sg' {SCRIPT}"
    answers = {str(query): Answer(0, "555 root:wheel\n")}
    assert see(file, AROUND, answers) == Present(FileState(mode="0555"))


def test_the_switch_off_of_the_article_is_seen_as_ls_showed_it() -> None:
    assert recording("mysql-mode000-ls").stdout.startswith("---------- ")
    file = made(File, SCRIPT, mode="000", owner="root:wheel")
    seen = look(file, "0 root:wheel\n")
    assert seen == Present(FileState(mode="0000", owner="root:wheel"))
    assert in_sync(seen, wish(file))
    assert act(file, seen) == ()


@pytest.mark.parametrize("mode", ["644", "0644"])
def test_modes_are_numbers(mode: str) -> None:
    file = made(File, "/etc/x", mode=mode)
    assert in_sync(look(file, "644 root:wheel\n"), wish(file))
    assert not in_sync(look(file, "640 root:wheel\n"), wish(file))


def test_special_bits_are_looked_at_where_they_are_wished() -> None:
    file = made(File, "/etc/x", mode="4755")
    assert str(next(file.look(AROUND))) == "stat -f '%Mp %Lp %Su:%Sg' /etc/x"
    assert in_sync(look(file, "4 755 root:wheel\n"), wish(file))
    assert not in_sync(look(file, "0 755 root:wheel\n"), wish(file))


def test_the_whole_content_counts() -> None:
    file = made(File, "/etc/x", content="a\nb\n")
    assert in_sync(look(file, "600 www:www\n", "a\nb\n"), wish(file))
    assert not in_sync(look(file, "600 www:www\n", "a\nb"), wish(file))


def test_a_missing_file_is_absent() -> None:
    file = made(File, SCRIPT, content="x")
    assert look(file, MISSING) == Absent()
    assert look(file, "644 root:wheel\n", Answer(NO_SUCH_FILE)) == Absent()


@pytest.mark.parametrize(
    ("stat", "text", "words"),
    [
        (Answer(1, "", "stat: /etc/x: stat: Permission denied"), "", "Permission denied"),
        (Answer(1, "", "stat: /etc/x: stat: Not a directory"), "", "Not a directory"),
        (Answer(0, "nonsense"), "", "nonsense"),
        (Answer(0, "644 a:b\n"), Answer(1, "", "Is a directory"), "Is a directory"),
    ],
)
def test_what_cannot_be_seen_is_unknown(stat: Answer, text: Answer | str, words: str) -> None:
    seen = look(made(File, "/etc/x", content="x"), stat, text)
    assert isinstance(seen, Unknown)
    assert words in seen.why


# --- wishing and acting ----------------------------------------------------------------------


def test_writes_what_is_missing_or_different() -> None:
    file = made(File, "/etc/x", content="a\n", mode="600", owner="root:wheel")
    for observed in (Absent(), look(file, "644 www:www\n", "b\n")):
        (action,) = act(file, observed)
        assert action.effect == Write("/etc/x", "a\n", "600", "root:wheel")
        assert (action.verb, action.direction) == ("write", Direction.UP)
    assert "does not exist" in act(file, Absent())[0].why
    (action,) = act(made(File, "/etc/x", content="a\n"), Absent())
    assert action.effect == Write("/etc/x", "a\n")


def test_mode_and_owner_alone_leave_the_content() -> None:
    file = made(File, SCRIPT, mode="000", owner="root:wheel", content="a\n")
    owner, mode = act(file, look(file, "555 mysql:mysql\n", "a\n"))
    assert owner.effect == Command(("chown", "root:wheel", SCRIPT))
    assert mode.effect == Command(("chmod", "000", SCRIPT))
    assert "0555" in mode.why
    assert "0000" in mode.why
    assert "mysql:mysql" in owner.why
    assert owner.key != mode.key
    (action,) = act(file, look(file, "555 root:wheel\n", "a\n"))
    assert action.verb == "chmod"


def test_a_missing_file_without_content_is_not_invented() -> None:
    file = made(File, SCRIPT, mode="000")
    told = wish(file, look(file, MISSING))
    assert isinstance(told, Unknown)
    assert SCRIPT in told.why
    assert "content" in told.why
    assert file.actions(change(file, Absent(), Present(FileState(mode="0000")))) == ()


def test_it_is_never_removed() -> None:
    file = made(File, "/etc/x", content="x")
    assert file.actions(change(file, Present(FileState("x")), Absent())) == ()


def test_what_is_our_own_is_removed_where_what_it_needs_is_gone() -> None:
    file = made(File, "/etc/x", content="x", ours=True)
    (action,) = file.actions(change(file, Present(FileState()), Absent()))
    assert (action.verb, action.direction) == ("delete", Direction.DOWN)
    assert action.effect == Command(("rm", "/etc/x"))


def test_a_folder_is_made_only_for_a_file_that_is_not_there() -> None:
    file = made(File, "/usr/local/etc/devd/x.conf", content="x", folder=True)
    make, write = act(file, Absent())
    assert make.effect == Command(("mkdir", "-p", "-m", "755", "/usr/local/etc/devd"))
    assert write.effect == Write("/usr/local/etc/devd/x.conf", "x")
    (again,) = act(file, look(file, "644 root:wheel\n", "y"))
    assert again.verb == "write"


def test_a_secret_content_is_never_shown() -> None:
    id = ResourceId("hasta", "file", "/etc/x")
    file = File.model_validate({"id": id, "content": Secret("s3cret")})
    seen = look(file, "600 root:wheel\n", "0ld")
    (action,) = act(file, seen)
    assert action.effect == Write("/etc/x", Secret("s3cret"), "600")
    told = f"{seen}{action}{action.effect}{file!r}{wish(file)}"
    assert "s3cret" not in told
    assert "0ld" not in told
    for text in ("s3cret", "***"):
        assert in_sync(look(file, "600 root:wheel\n", text), wish(file))


def test_a_secret_is_read_by_its_owner_alone_unless_the_table_says_otherwise() -> None:
    table = {"id": ResourceId("hasta", "file", "/etc/x"), "content": Secret("s3cret")}
    file = File.model_validate(table)
    (action,) = act(file, look(file, "644 root:wheel\n", "s3cret"))
    assert action.effect == Command(("chmod", "600", "/etc/x"))
    file = File.model_validate({**table, "mode": "640"})
    assert in_sync(look(file, "640 root:wheel\n", "s3cret"), wish(file))


def test_offers_its_path() -> None:
    assert made(File, "/etc/x", content="").offers() == {"path": "/etc/x"}


# --- what the desired file may say -----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "table", "words"),
    [
        ("etc/x", {"content": ""}, "absolute path"),
        ("/etc/", {"content": ""}, "absolute path"),
        ("/etc/../x", {"content": ""}, "absolute path"),
        ("/etc/a b", {"content": ""}, "absolute path"),
        ("/etc/x", {}, "content, mode or owner"),
        ("/etc/x", {"mode": "888"}, "pattern"),
        ("/etc/x", {"mode": "u+x"}, "pattern"),
        ("/etc/x", {"mode": 644}, "string"),
        ("/etc/x", {"owner": "root"}, "pattern"),
        ("/etc/x", {"owner": "root:wheel; x"}, "pattern"),
    ],
)
def test_what_is_no_file_is_refused(name: str, table: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        made(File, name, **table)


@pytest.mark.parametrize("mode", ["000", "0000", "7777", "1777"])
def test_modes_that_work(mode: str) -> None:
    assert made(File, "/etc/x", mode=mode).mode == mode
