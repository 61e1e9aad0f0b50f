"""What every host must do. Nothing in here looks behind the door: a simulated node can join."""

import pytest

from converge.core.host import (
    CHANGED_MEANWHILE,
    NO_SUCH_FILE,
    Answer,
    Command,
    Edit,
    Read,
    Run,
    Wait,
    Write,
)
from converge.core.secret import Secret
from tests.hosts.conftest import Door

NAMES = ["plain", "two words", "it's", 'say "hi"', "$HOME `id` \\", "a\nb", "grün-é-漢", "-n", "*"]


def test_the_answers_come_in_the_order_of_the_queries(door: Door) -> None:
    door.do(Write(f"{door.folder}/f", "text\n"))
    queries = [Run(("echo", str(n))) for n in range(20)]
    queries[7:7] = [Read(f"{door.folder}/f"), Run(("false",)), Read(f"{door.folder}/none")]
    answers = door.host.ask(queries)
    said = [*map(str, range(7)), "text", "", "", *map(str, range(7, 20))]
    assert [answer.stdout.strip() for answer in answers] == said
    assert [a.code for a in answers] == [0] * 8 + [1, NO_SUCH_FILE] + [0] * 13


def test_no_query_is_no_answer(door: Door) -> None:
    assert door.host.ask([]) == []


@pytest.mark.parametrize("code", [0, 1, 66, 75, 255])
def test_an_exit_code_is_an_answer(door: Door, code: int) -> None:
    (answer,) = door.host.ask([Run(("sh", "-c", f"exit {code}"))])
    assert answer == Answer(code)


def test_what_is_printed_where_comes_back_there(door: Door) -> None:
    (answer,) = door.host.ask([Run(("sh", "-c", "echo out; echo err >&2; exit 3"))])
    assert answer == Answer(3, "out\n", "err\n")


def test_a_program_that_is_not_there_is_127(door: Door) -> None:
    (answer,) = door.host.ask([Run(("no-such-program", "x"))])
    assert (answer.code, answer.lost) == (127, "")
    assert "not found" in answer.stderr


@pytest.mark.parametrize("word", NAMES)
def test_words_arrive_as_they_are(door: Door, word: str) -> None:
    (answer,) = door.host.ask([Run(("printf", "%s", word))])
    assert answer.stdout == word


def test_a_program_reads_its_input(door: Door) -> None:
    for text in ("", "no newline", "one\n", "END\nEND_\n", "grün\n\n"):
        assert door.do(Command(("cat",), stdin=text)) == Answer(0, text)


def test_a_file_is_read_as_it_was_written(door: Door) -> None:
    for text in ("", "\n", "a", "a\n", "grün 漢\n", "\udcff\udc80 not utf-8\n", "tab\tcr\r\n"):
        assert door.do(Write(f"{door.folder}/f", text)) == Answer()
        assert door.host.ask([Read(f"{door.folder}/f")]) == [Answer(0, text)]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("-n", "*")])
def test_files_may_have_any_name(door: Door, name: str) -> None:
    path = f"{door.folder}/{name}"
    assert door.do(Write(path, "old\n")) == Answer()
    assert door.do(Edit(path, "old\n", "new\n")) == Answer()
    assert door.host.ask([Read(path)]) == [Answer(0, "new\n")]


def test_absent_is_a_code_and_unreadable_is_lost(door: Door) -> None:
    none, folder = door.host.ask([Read(f"{door.folder}/none"), Read(door.folder)])
    assert none == Answer(NO_SUCH_FILE)
    assert folder.lost == f"{door.folder} cannot be read: it is a directory"


def test_a_file_cannot_be_made_where_there_is_no_folder(door: Door) -> None:
    path = f"{door.folder}/none/f"
    for effect in (Write(path, "x"), Edit(path, "", "x\n")):
        answer = door.do(effect)
        assert (answer.code, answer.lost) == (73, "")
        assert answer.said == f"{path} cannot be written: No such file or directory"


def test_two_edits_of_one_file_both_stay(door: Door) -> None:
    path = f"{door.folder}/rc.conf"
    door.do(Write(path, "a=1\nb=1\n"))
    tickets = [
        door.host.begin(Edit(path, "a=1\n", "a=2\n")),
        door.host.begin(Edit(path, "b=1\n", "b=2\n")),
        door.host.begin(Edit(path, "", "c=2\n")),
    ]
    until_s = door.clock.elapsed() + 30
    ended: dict[int, Answer] = {}
    while len(ended) < 3 and door.clock.elapsed() < until_s:
        ended |= door.host.wait([t for t in tickets if t not in ended], until_s)
    assert ended == {ticket: Answer() for ticket in tickets}
    assert door.host.ask([Read(path)]) == [Answer(0, "a=2\nb=2\nc=2\n")]


def test_an_edit_whose_text_is_gone_writes_nothing(door: Door) -> None:
    path = f"{door.folder}/rc.conf"
    door.do(Write(path, "a=2\n"))
    assert door.do(Edit(path, "a=1\n", "a=3\n")).code == CHANGED_MEANWHILE
    assert door.host.ask([Read(path)]) == [Answer(0, "a=2\n")]
    assert door.do(Edit(f"{door.folder}/none", "a=1\n", "a=3\n")).code == CHANGED_MEANWHILE
    assert door.host.ask([Read(f"{door.folder}/none")]) == [Answer(NO_SUCH_FILE)]


def test_an_edit_with_nothing_old_makes_the_file(door: Door) -> None:
    path = f"{door.folder}/new"
    assert door.do(Edit(path, "", "a=1\n")) == Answer()
    assert door.do(Edit(path, "", "b=1\n")) == Answer()
    assert door.host.ask([Read(path)]) == [Answer(0, "a=1\nb=1\n")]


def test_a_secret_does_its_work_and_is_not_repeated(door: Door) -> None:
    secret = Secret("open sesame's")
    door.do(Write(f"{door.folder}/f", secret))
    assert door.host.ask([Read(f"{door.folder}/f")]) == [Answer(0, "open sesame's")]
    script = 'test "$1" = "open sesame\'s" && echo "bad: $1" && cat'
    answer = door.do(Command(("sh", "-c", script, "sh", secret), stdin=secret))
    assert answer == Answer(0, "bad: ***\n***")


def test_waiting_ends_at_its_time_and_the_answer_comes_later(door: Door) -> None:
    ticket = door.host.begin(Command(("sleep", "1")))
    began_s = door.clock.elapsed()
    assert door.host.wait([ticket], began_s + 0.1) == {}
    assert door.clock.elapsed() - began_s < 0.9
    assert door.host.wait([ticket], began_s + 30) == {ticket: Answer()}


def test_waiting_for_a_wait_is_over_at_once(door: Door) -> None:
    assert door.do(Wait(), 0.0) == Answer()


def test_each_ticket_gets_its_own_answer(door: Door) -> None:
    slow, quick = (door.host.begin(Command(argv)) for argv in (("sleep", "1"), ("echo", "0")))
    until_s = door.clock.elapsed() + 30
    assert door.host.wait([slow, quick], until_s) == {quick: Answer(0, "0\n")}
    assert door.host.wait([slow], until_s) == {slow: Answer()}
