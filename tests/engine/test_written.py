"""One value set in a TOML text, however it is written: it reads back as meant, and not one other
byte has changed."""

import re
import tomllib
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converge.engine.desired.written import NotWritten, written

BARE = ["a", "b", "carp", "node", "x-1", "_", "0"]
NAMES = [*BARE, "a.b", "/mysql", "é位", "", 'q"', "t\tb"]
SCALARS = [
    "0", "-1", "1_000", "0xff", "1.5", "6e2", "-inf", "true", "false", '""', "''", '"#"', "'#='",
    '"a\\"b\\\\"', '"é位 \\u00e9"', '"""x"""', '"""\nlong # no comment\n"" ]\n"""',
    "'''\nraw \\ # = [\n'''", "1979-05-27T07:32:00Z", "07:32:00", "1979-05-27 07:32:00",
    "[]", "[ ]", "[1,2]", "[\n  1,\n  2,\n]", '["#", [ "]" ]]', "[ { a = 1 } ]", "[\n1 # one\n]",
]  # fmt: skip
NEW = st.one_of(
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.lists(st.sampled_from(["a", "#", "é", '"', "\n"]), max_size=3),
)
COMMENTS = ["# plain", "#", "# a = 1", "# [carp.vip]", '# "é位']


class Pieces(list):
    """A text in pieces; `at` says which piece is the value of which keys."""

    def __init__(self):
        super().__init__()
        self.at = {}

    @property
    def text(self):
        return "".join(self)


@st.composite
def quoted(draw, name):
    if name in BARE and draw(st.booleans()):
        return name
    if "'" not in name and name.isprintable() and draw(st.booleans()):
        return f"'{name}'"
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'


@st.composite
def trees(draw, depth=3):
    """A table: name to the text of a value, or to a table."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    values = st.sampled_from(SCALARS)
    below = st.one_of(values, trees(depth - 1)) if depth else values
    return {name: draw(below) for name in names}


BLANK = st.sampled_from(["", " ", "  ", "\t", "     "])


class Writer:
    """Writes a tree in one of the ways in which TOML lets it be written."""

    def __init__(self, draw):
        self.draw, self.out, self.later = draw, Pieces(), []

    def key(self, names):
        dot = [f"{self.draw(BLANK)}.{self.draw(BLANK)}" for _ in names]
        words = [self.draw(quoted(name)) for name in names]
        return "".join(w for pair in zip(dot, words, strict=True) for w in pair)[len(dot[0]) :]

    def end(self):
        self.out.append(self.draw(BLANK))
        if self.draw(st.booleans()):
            self.out.append(self.draw(st.sampled_from(COMMENTS)))
        self.out.append("\n")
        while self.draw(st.integers(0, 3)) == 0:
            self.out.append(self.draw(BLANK) + self.draw(st.sampled_from(["", *COMMENTS])) + "\n")

    def document(self, tree):
        self.section((), tree)
        while self.later:
            way, body = self.later.pop(self.draw(st.integers(0, len(self.later) - 1)))
            plain = [name for name, one in body.items() if isinstance(one, str)]
            if plain or not body or self.draw(st.booleans()):
                self.out.append(f"{self.draw(BLANK)}[{self.draw(BLANK)}{self.key(way)}")
                self.out.append(f"{self.draw(BLANK)}]")
                self.end()
                self.section(way, body)
            else:
                self.later += [((*way, name), one) for name, one in body.items()]
        return self.out

    def section(self, way, body):
        for name, one in body.items():
            form = self.draw(st.sampled_from(["header", "dotted", "braces"]))
            if isinstance(one, str):
                self.pair(way, (name,), one)
            elif form == "header":
                self.later.append(((*way, name), one))
            elif form == "dotted" and one:
                self.dotted(way, (name,), one)
            else:
                self.pair(way, (name,), one)

    def dotted(self, way, names, body):
        for name, one in body.items():
            if isinstance(one, dict) and one and self.draw(st.booleans()):
                self.dotted(way, (*names, name), one)
            else:
                self.pair(way, (*names, name), one)

    def pair(self, way, names, one):
        self.out.append(self.draw(BLANK) + self.key(names) + self.draw(BLANK))
        self.out.append("=" + self.draw(BLANK))
        self.value((*way, *names), one)
        self.end()

    def value(self, way, one):
        if isinstance(one, str):
            self.out.at[way] = len(self.out)
            self.out.append(one)
            return
        self.out.append("{" + self.draw(BLANK))
        for n, (name, inner) in enumerate(one.items()):
            self.out.append(", " if n else "")
            self.out.append(self.key((name,)) + self.draw(BLANK) + "=" + self.draw(BLANK))
            self.value((*way, name), inner)
            self.out.append(self.draw(BLANK))
        self.out.append("}")


@st.composite
def documents(draw):
    out = Writer(draw).document(draw(trees()))
    if draw(st.booleans()):
        mixed = draw(st.booleans())
        for n, piece in enumerate(out):
            if not (mixed and n % 2):
                out[n] = piece.replace("\n", "\r\n")
    while out and draw(st.booleans()) and re.fullmatch("[\r\n]+", out[-1]):
        out.pop()
    return out


def tables(data, way=()):
    yield way
    for name, one in data.items():
        if isinstance(one, dict):
            yield from tables(one, (*way, name))


def meant(text, keys, value):
    data = table = deepcopy(tomllib.loads(text))
    for key in keys[:-1]:
        table = table.setdefault(key, {})
    table[keys[-1]] = value
    return data


MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(documents(), NEW, st.data())
def test_a_value_that_is_there(out, value, data):
    if not out.at:
        return
    keys = data.draw(st.sampled_from(sorted(out.at)))
    old = out[out.at[keys]]
    if old.startswith("[") and "#" in old:
        with pytest.raises(NotWritten, match="change it by hand"):
            written(out.text, keys, value)
        return
    new = written(out.text, keys, value)
    assert tomllib.loads(new) == meant(out.text, keys, value)
    before, after = (
        "".join(out[: out.at[keys]]),
        "".join(out[out.at[keys] + 1 :]),
    )
    assert new.startswith(before)
    assert new.endswith(after)
    assert len(new) >= len(before) + len(after)


@MANY
@given(documents(), NEW, st.data())
def test_a_value_that_is_not_there_yet(out, value, data):
    text = out.text
    there = tomllib.loads(text)
    table = data.draw(st.sampled_from(sorted(tables(there))))
    way = (*table, *data.draw(st.lists(st.sampled_from(["new", "é", "a.b "]), max_size=2)), "last")
    new = written(text, way, value)
    assert tomllib.loads(new) == meant(text, way, value)
    kept = common(text, new) + common(text[::-1], new[::-1])
    assert kept >= len(text), "something went that was there"
    assert crlf_only(new) >= crlf_only(text)


def common(one, other):
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
                min(len(one), len(other)))  # fmt: skip


def crlf_only(text):
    """All lines end in CR LF (in strings as well)."""
    return bool(re.search("\n", text)) and not re.search("(?<!\r)\n", text)
