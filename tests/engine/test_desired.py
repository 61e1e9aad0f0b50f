"""The desired file: what is read, where it stands, and how every mistake is told."""

import textwrap
from ipaddress import IPv4Interface
from typing import Annotated, ClassVar, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from converge.core.duration import Duration
from converge.core.errors import BadDesired
from converge.core.ids import Ref, ResourceId
from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.core.state import State
from converge.engine.desired import load
from converge.engine.desired.toml import decoded
from converge.engine.show.problems import render


def _even(number: int) -> int:
    if number % 2:
        raise ValueError("only pairs of shoes are sold")
    return number


class Toy(Resource[State]):
    def look(self, around):
        raise AssertionError("nobody looks here")

    def actions(self, change):
        return ()


class Side(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    local: str
    far: str = "none"


class Shop(Toy):
    kind: ClassVar[str] = "shop"

    address: IPv4Interface = Field(description="Where it is.")
    size: int = Field(default=0, ge=0, le=254)
    colour: Literal["red", "green"] = "red"
    password: Secret | None = Field(default=None)
    open: bool = True
    wait: Annotated[Duration, Field(le=60)] = 3.0
    street: Ref | None = None
    doors: tuple[str, ...] = ()
    shoes: Annotated[int, AfterValidator(_even)] = 2
    sides: dict[str, Side] = Field(default_factory=dict)
    sign: str | Secret = ""
    height: float = 1.0
    either: int | Literal["auto"] | None = None
    front: Ref | Annotated[str, Field(pattern="^/")] = "/"
    rent: None = Field(default=None, description="Explained, never taken.")

    @model_validator(mode="after")
    def _fits(self):
        if self.colour == "green" and not self.open:
            raise ValueError("a green shop is never closed")
        return self


class Street(Toy):
    kind: ClassVar[str] = "street"

    width: int = 5


class Safe(Toy):
    kind: ClassVar[str] = "safe"

    number: Secret


KINDS = {"shop": Shop, "street": Street, "safe": Safe}
FILES = {"/secret": "from-a-file\n", "/empty": ""}

HEAD = """\
schema = 1
[pair]
name  = "toys"
nodes = ["left", "right"]
[node.left]
address  = "10.0.0.1"
[node.right]
hostname = "right.example.org"
address  = "10.0.0.2"
"""


def read(text):
    return load(text, "toys.toml", KINDS, FILES.get)


def problems(text, head=HEAD):
    with pytest.raises(BadDesired) as caught:
        read(head + textwrap.dedent(text))
    return caught.value.problems


def problem(text, head=HEAD):
    (only,) = problems(text, head)
    return only


# ------------------------------------------------------------------ what is read


def test_a_table_is_there_on_both_nodes_and_a_node_says_what_differs():
    desired = read(
        HEAD
        + '[shop.a]\naddress = "10.1.0.1/24"\nsize = 3\ndoors = ["n", "s"]\n'
        + "[node.right.shop.a]\nsize = 100\n"
        + "[node.left.street.only]\n"
    )
    left, right = (desired.resources[ResourceId(n, "shop", "a")] for n in ("left", "right"))
    assert (left.size, right.size) == (3, 100)
    assert right.address == IPv4Interface("10.1.0.1/24")
    assert right.doors == ("n", "s")
    assert [str(id) for id in desired.resources] == [
        "left/shop.a",
        "left/street.only",
        "right/shop.a",
    ]


def test_nodes_have_defaults_and_the_guard_gives_theirs():
    desired = read(HEAD + 'release = "13.2"\nboot_delay = "2m"\n[guard]\nboot_delay = "240s"\n')
    left, right = desired.pair.nodes["left"], desired.pair.nodes["right"]
    assert (left.hostname, right.hostname) == ("left", "right.example.org")
    assert left.replication_address == left.address == "10.0.0.1"
    assert (left.boot_delay_s, right.boot_delay_s) == (240, 120)
    assert right.release == "13.2"
    assert desired.guard.passes_max == 10
    assert desired.witness.ping == ()
    assert desired.pair.name == "toys"


def test_a_secret_comes_from_text_or_from_a_file_without_its_last_newline():
    desired = read(
        HEAD
        + '[shop.a]\naddress = "10.1.0.1/24"\npassword = { file = "/secret" }\n'
        + '[shop.b]\naddress = "10.1.0.2/24"\npassword = "typed-in"\n'
        + '[shop.c]\naddress = "10.1.0.3/24"\nsign = { file = "/secret" }\n'
    )
    a, b, c = (desired.resources[ResourceId("left", "shop", name)] for name in "abc")
    assert a.password == c.sign == Secret("from-a-file")
    assert b.password == Secret("typed-in")
    assert {secret.value for secret in desired.secrets} == {"from-a-file", "typed-in"}
    assert "from-a-file" not in repr(desired)
    assert "typed-in" not in repr(desired)


def test_the_digest_follows_every_wish_but_no_secret():
    def digest(text, head=HEAD):
        return read(head + '[shop.a]\naddress = "10.1.0.1/24"\n' + text).digest

    same = digest("size = 1\n")
    assert same == digest("# a remark\nsize = 0x01\n")
    assert same != digest("size = 2\n")
    assert same != digest("size = 1\n[guard]\npasses_max = 9\n")
    assert same != digest("size = 1\n", HEAD.replace("10.0.0.2", "10.0.0.3"))
    hidden = digest('size = 1\npassword = "one"\n')
    assert hidden != same
    assert hidden == digest('size = 1\npassword = "two"\n')


def test_windows_line_ends_are_fine_and_places_stay_right():
    assert read(HEAD.replace("\n", "\r\n")).digest == read(HEAD).digest
    one = problem("[street.x]\nwidth = 1.5\n", HEAD)
    other = problems("", (HEAD + "[street.x]\nwidth = 1.5\n").replace("\n", "\r\n"))[0]
    assert one == other


def test_later_stages_can_point_at_a_field():
    desired = read(
        HEAD
        + '[shop.a]\naddress = "10.1.0.1/24"\nstreet = "street.main"\n'
        + '[node.right.shop.a]\nstreet = "street.side"\nneeds = ["street.x", "street.y"]\n'
    )
    left, right = ResourceId("left", "shop", "a"), ResourceId("right", "shop", "a")
    found = desired.problem(left, ("street",), "is not declared", guess="street.maine")
    assert (found.line, found.column, found.source) == (12, 10, 'street = "street.main"')
    assert desired.problem(right, ("street",), "x").line == 14
    second = desired.problem(right, ("needs", 1), "x")
    assert (second.line, second.column, second.width) == (15, 22, 10)
    assert second.key == "node.right.shop.a.needs"
    assert desired.problem(right, (), "a circle").line == 10
    assert desired.problem(ResourceId("left", "street", "implied"), (), "x").line == 0


# ------------------------------------------------------------- mistakes in plain words


def test_a_mistake_shows_the_line_with_a_caret():
    assert render(problems('[shop.a]\naddress = "10.1.0.1/24"\nsize = 300\n')) == (
        "toys.toml:12:8: shop.a.size: 300 is more than 254\n"
        "    12 | size = 300\n"
        "       |        ^^^\n"
        "   allowed: a whole number from 0 to 254 (default 0)\n"
    )


def test_the_same_mistake_is_told_once_and_not_once_per_node():
    assert problem("[street.x]\nwidth = 'wide'\n").message == (
        'expected a whole number, got the text "wide"'
    )


def test_a_mistake_on_one_node_points_there():
    found = problem(
        '[shop.a]\naddress = "10.1.0.1/24"\n\n[node.right.shop.a]\nsize = -1\n',
    )
    assert (found.line, found.key) == (14, "node.right.shop.a.size")


def test_all_mistakes_at_once_in_the_order_of_the_lines():
    found = problems(
        """\
        [shp.x]
        [shop.a]
        addres = "10.1.0.1/24"
        colour = "gren"
        wait = 5
        [street.x]
        width = "wide"
        """
    )
    assert [(p.line, p.key, p.guess) for p in found] == [
        (10, "shp", "shop"),
        (12, "shop.a.addres", "address"),
        (13, "shop.a.colour", "green"),
        (14, "shop.a.wait", ""),
        (16, "street.x.width", ""),
    ]


FIELDS = [
    ("size = 0.5", "expected a whole number from 0 to 254, got 0.5"),
    ("open = 1", "expected true or false, got 1"),
    ("open = 'yes'", 'expected true or false, got the text "yes"'),
    ("colour = 'gren'", '"gren" is not known here'),
    ("wait = '5'", "write a duration like 30s, 4m or 1h30m"),
    ("wait = '2m'", '"2m" is more than 1m'),
    ("street = 'main'", "a reference is written kind.name, for example carp.vip"),
    ("street = 'stret.main'", 'there is no kind "stret" to refer to'),
    ("needs = ['shop.b', 'stret.main']", 'there is no kind "stret" to refer to'),
    ("front = 'stret.main'", 'there is no kind "stret" to refer to'),
    ("front = 'main'", "expected a reference like carp.vip or a path that begins with /, got the"),
    ("needs = 'shop.b'", 'expected a list in [ ], got the text "shop.b"'),
    ("doors = [1]", "expected text in quotes, got 1"),
    ("doors = {}", "expected a list in [ ], got a table"),
    ("shoes = 3", "only pairs of shoes are sold"),
    ("sides = { l = {} }", '"local" is missing'),
    ("sides = { l = { local = 'x', fra = 'y' } }", 'there is no key "fra" here'),
    ("sides = { l = 5 }", "expected a table, got 5"),
    ("size = 1979-05-27", "a date or a time is not a value here; as text it needs quotes"),
    ("size = 07:32:00", "a date or a time is not a value here; as text it needs quotes"),
    ("size = 99999999999999999999", "this number is too large"),
    ("height = inf", "inf is no number to set"),
    ("height = nan", "nan is no number to set"),
    ("height = '1'", 'expected a number, got the text "1"'),
    ("either = 'x'", 'expected a whole number or "auto", got the text "x"'),
    ("id = 'x'", 'there is no key "id" here: the name is in the header'),
    ("colour = 'green'\nopen = false", "a green shop is never closed"),
    ("password = { file = '/nowhere' }", "/nowhere does not exist on this machine or cannot be"),
    ("password = { file = 'here' }", "the path of a secret's file begins with /"),
    ("password = { fil = '/secret' }", "a secret is text, or what is in a file"),
    ("password = 12345", "expected text in quotes, got a number"),
]


@pytest.mark.parametrize(("line", "message"), FIELDS, ids=[line for line, _ in FIELDS])
def test_a_field_that_does_not_fit_is_one_problem(line, message):
    found = problem(f"[shop.a]\naddress = '10.1.0.1/24'\n{line}\n")
    assert found.message.startswith(message)
    assert found.line == (10 if "green shop" in message else 12)


def test_addresses_have_their_form_told():
    found = problem('[shop.a]\naddress = "10.1.0.300/24"\n')
    assert found.message == (
        'expected an address with its mask, like 192.168.1.50/24, got the text "10.1.0.300/24"'
    )


def test_a_missing_key_points_at_the_header_and_tells_what_it_is_for():
    found = problem("[shop.a]\n")
    assert (found.line, found.column, found.width) == (10, 7, 1)
    assert found.message == '"address" is missing'
    assert found.allowed.endswith("Where it is")


def test_a_secret_that_cannot_be_read_is_not_called_missing_as_well():
    assert problem('[safe.x]\nnumber = { file = "/nowhere" }\n').key == "safe.x.number.file"


def test_the_keys_that_are_allowed_are_told_but_not_those_that_take_nothing():
    allowed = problem("[street.x]\nwidht = 5\n").allowed
    assert allowed == "width, needs"
    assert "rent" not in problems("[shop.a]\nretn = 5\n")[1].allowed


def test_a_misspelt_key_is_not_called_missing_as_well():
    assert problem('[shop.a]\nadress = "10.1.0.1/24"\n').guess == "address"
    assert problem("", HEAD.replace("[node.left]\naddress ", "[node.left]\nadress ")).guess == (
        "address"
    )


def test_what_a_node_lays_over_a_misspelt_table_is_left_alone():
    shop = '[shop.a]\naddress = "10.1.0.1/24"\n'
    own = "[node.left.shop.a]\nsize = 1\n"
    assert problem(shop.replace("shop", "shpo") + own).guess == "shop"
    found = problem(shop.replace("shop.a", "shop.main") + own.replace("shop.a", "shop.mian"))
    assert (found.key, found.guess) == ("node.left.shop.mian", "main")
    assert problem(own).message == '"address" is missing'


def test_a_misspelt_node_is_not_called_missing_as_well():
    found = problem("", HEAD.replace("[node.right]", "[node.rigth]"))
    assert (found.key, found.guess) == ("node.rigth", "right")


TABLES = [
    ("[street]\nwidth = 3", "a table of this kind has a name: [street.NAME]"),
    ("[[street]]\nwidth = 3", "expected tables with names, [street.NAME]"),
    ("[[street.x]]\nwidth = 3", "a table of this kind has a name: [street.NAME]"),
    ('[street." x"]', "a name is printable and has no blanks around it"),
    ('[street."a\\nb"]', "a name is printable and has no blanks around it"),
    ("[pear]", 'there is no table or kind "pear"'),
    ("[node.rigth.street.x]", '"rigth" is not one of the nodes of [pair]'),
    ("[node.left.stret.x]", 'a node has no key "stret"'),
    ("[guard]\npasses = 1", 'there is no key "passes" here'),
    ("[guard]\npasses_max = 51", "51 is more than 50"),
    ("[witness]\nping = ['gateway']", "expected an address without a mask, like 192.168.1.51"),
    ("[[guard]]", "expected a table, [guard]"),
]


@pytest.mark.parametrize(("text", "message"), TABLES, ids=[text for text, _ in TABLES])
def test_a_table_that_does_not_fit_is_one_problem(text, message):
    assert problem(text + "\n").message == message


def _head(old, new):
    assert old in HEAD
    return HEAD.replace(old, new)


HEADS = [
    (_head("schema = 1\n", ""), "schema", '"schema" is missing: it says which form of file'),
    (_head("schema = 1", "schema = 2"), "schema", "this version of converge reads schema 1 only"),
    (_head("schema = 1", "schema = true"), "schema", "this version of converge reads schema 1"),
    (_head("schema = 1", "schema = '1'"), "schema", "this version of converge reads schema 1"),
    (_head("schema = 1", "schema = 1.0"), "schema", "this version of converge reads schema 1"),
    (_head('"left", "right"', '"left"'), "pair.nodes", "this list is too short"),
    (_head('"left", "right"', '"left", "left"'), "pair.nodes", '"left" is named twice'),
    (_head('"left", "right"', '"left", "r t"'), "pair.nodes", "a node's name has letters"),
    (_head('"10.0.0.2"', '"10.0.0.1"'), "node.right.address", "left has the same address"),
    (_head('"10.0.0.2"', '"10.0.0.2/24"'), "node.right.address", "expected an address without"),
    (_head('"right.example.org"', '"left"'), "node.right.hostname", "left has the same hostname"),
    (_head('"right.example.org"', '"a b"'), "node.right.hostname", "a host name has letters"),
    (_head("[node.left]\naddress  = ", "[node.left]\nrelease = "), "node.left", '"address" is'),
    (_head('[node.left]\naddress  = "10.0.0.1"\n', ""), "pair.nodes", "the table [node.left]"),
    (_head('name  = "toys"\n', ""), "pair.name", '"name" is missing'),
]


@pytest.mark.parametrize(("text", "key", "message"), HEADS, ids=[m for _, _, m in HEADS])
def test_the_pair_and_its_nodes_are_checked(text, key, message):
    found = problems("", text)
    assert (found[0].key, found[0].message[: len(message)]) == (key, message) or any(
        p.key.startswith(key) and p.message.startswith(message) for p in found
    )


@pytest.mark.parametrize(
    ("right", "wrong"), [("schema", "shema"), ("[pair]", "[pari]"), ("[node.", "[nodes.")]
)
def test_a_misspelt_table_is_not_called_missing_as_well(right, wrong):
    assert problem("", HEAD.replace(right, wrong)).guess == right.strip("[].")


def test_a_wrong_pair_does_not_hide_wrong_nodes():
    head = HEAD.replace('name  = "toys"', "name = 5").replace('"10.0.0.1"', '"ten"')
    assert [p.key for p in problems("", head)] == ["pair.name", "node.left.address"]


def test_an_empty_file_says_what_it_lacks():
    assert [p.key for p in problems("", "")] == ["pair", "schema"]


def test_a_newer_form_of_file_is_not_taken_apart():
    assert len(problems("[nonsense]\n", HEAD.replace("schema = 1", "schema = 7"))) == 1


# ------------------------------------------------------------------------ broken text

SYNTAX = [
    ("[street.x]\nwidth = \n", 11, "this is not a value: text needs quotes"),
    ("[street.x]\nwidth = wide", 11, "this is not a value: text needs quotes"),
    ("[street.x]\nwidth = True", 11, "this is not a value: text needs quotes"),
    ("[street.x]\nname = 'x\nb = 'y'\n", 11, "this text has no closing quotes on its line"),
    ("[street.x\n", 10, "the brackets around a table's name are not closed"),
    ("[street.x]\nwidth 3\n", 11, "a key is followed by = and its value"),
    ("[street.x]\nwidth = 3 4\n", 11, "something is left over at the end of the line"),
    ("[street.x]\nneeds = [\n'a',\n", 11, "the file ends before this value does"),
    ("[street.x]\nneeds = [ 'a'\n[street.y]\n", 11, "this list is not closed with ]"),
    ("[street.x]\nwidth = 3\nwidth = 4\n", 12, "this is written already, in line 11"),
    ("[street.x]\n[street.y]\n[street.x]\n", 12, "this is written already, in line 10"),
    (
        "[shop.a]\nsides = {}\n[shop.a.sides.l]\n",
        12,
        "shop.a.sides is written already, in line 11",
    ),
    ("[shop.a]\nsides = { l = 1, l = 2 }\n", 11, "this is written already, in line 11"),
    ("[shop.a]\nsides = { l = 1\n", 11, "this inline table is not closed with } on the same"),
    ('[shop.a]\nsign = "\\q"\n', 11, "a backslash in quotes is written twice"),
    ('[shop.a]\nsign = """\nx\n', 11, "this text has no closing quotes"),
    ("[shop.a]\nsign = 'a\x00'\n", 11, "a control character stands here"),
    ("= 3\n", 10, "this is neither a [table] nor a line like key = value"),
]


@pytest.mark.parametrize(("text", "line", "message"), SYNTAX, ids=[t for t, _, _ in SYNTAX])
def test_broken_text_is_one_problem_with_its_place(text, line, message):
    found = problem(text) if text.startswith("=") else problems("", HEAD + text)[0]
    assert found.message.startswith(message)
    assert found.line == line


def test_deep_and_long_things_are_refused_and_not_tripped_over():
    assert problem("[shop.a]\nsign = " + "[" * 3000 + "\n").line == 0
    assert "digits" in problem("[shop.a]\nsize = " + "9" * 5000 + "\n").message
    assert problem("[shop.a]\nsize = 0x" + "f" * 5000 + "\naddress = '10.0.0.9/24'\n").line == 11
    assert "20 levels" in problems("[shop.a." + ".".join("x" * 50) + "]\n")[-1].message
    assert "20 levels" in problems(f"[shop.a]\nneeds = {'[' * 30}{']' * 30}\n")[-1].message


def test_bytes_that_are_no_text_have_a_place():
    assert decoded("größe".encode(), "x") == "größe"
    with pytest.raises(BadDesired) as caught:
        decoded(b'schema = 1\nname = "\xff"\n', "x.toml")
    (found,) = caught.value.problems
    assert (found.line, found.column) == (2, 9)
    assert "0xff" in found.message


def test_a_byte_order_mark_is_named():
    assert "byte order mark" in problem("", "\ufeff" + HEAD).message


# --------------------------------------------------------------------------- secrets

LEAKS = [
    'password = "hunter2hunter2"\nsize = 300',
    'password = 5\nsign = "hunter2hunter2"',
    'sign = ["hunter2hunter2"]',
    'pasword = "hunter2hunter2"',
    'pass = "hunter2hunter2"',
    'secret = "hunter2hunter2"',
    'password = "hunter2hunter2" x',
    "password = hunter2hunter2",
    'password = "hunter2hunter2',
    'password = ["hunter2hunter2"]',
    'password = { text = "hunter2hunter2" }',
    'password "hunter2hunter2"',
    'password = """\nhunter2hunter2\n""" x',
    'password = """\nhunter2hunter2\n',
    '"password" = "hunter2hunter2"\n"password" = "hunter2hunter2"',
    '"pass\\u0077ord" = "hunter2hunter2" x',
    'sides = { l = { password = "hunter2hunter2" } }',
    '!password = "hunter2hunter2"',
]


@pytest.mark.parametrize("line", LEAKS)
def test_no_mistake_around_a_password_shows_it(line):
    found = problems("", HEAD + f"[shop.a]\naddress = '10.1.0.1/24'\n{line}\n")
    assert "hunter2" not in render(found) + repr(found)


def test_a_message_of_a_kind_cannot_quote_what_came_from_a_file():
    class Chatty(Toy):
        kind: ClassVar[str] = "chatty"
        text: str | Secret

        @model_validator(mode="after")
        def _tell(self):
            raise ValueError(f"{self.text} is not good enough")

    with pytest.raises(BadDesired) as caught:
        load(
            HEAD + '[chatty.x]\ntext = { file = "/secret" }\n',
            "x",
            {"chatty": Chatty},
            FILES.get,
        )
    assert [p.message for p in caught.value.problems] == ["*** is not good enough"]


# ----------------------------------------------------------------------- how it is shown


def test_tabs_and_wide_letters_do_not_move_the_caret():
    text = "[shop.a]\naddress = '10.1.0.1/24'\n\t\tsides = { '位' = { local = 3 } }\n"
    lines = render(problems(text)).splitlines()
    assert lines[1].index("3") + 1 == lines[2].index("^")  # one letter is two columns wide
    assert "\t" not in "".join(lines)


def test_a_very_long_line_is_shown_around_the_place():
    text = f"[shop.a]\naddress = '10.1.0.1/24'\ndoors = [{'1, ' * 3}{'0, ' * 400}]\n"
    shown = render(problems("", HEAD + text))
    assert max(map(len, shown.splitlines())) < 130
    _, line, caret, *_ = shown.split("\n\n")[200].splitlines()
    assert line[caret.index("^")] == "0"


def test_what_a_terminal_would_obey_is_made_visible():
    assert "\x1b" not in render(problems("", HEAD + "[shop.a]\ncolour = '\x1b[2J'\n"))
    assert "\\x1b" in render(problems("", HEAD + "[shop.a]\ncolour = '\x1b[2J'\n"))
