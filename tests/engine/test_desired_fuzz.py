"""Whatever the file holds: a Desired comes out, or problems that point into it. Nothing else."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converge.core.errors import BadDesired
from converge.engine.desired import load
from converge.engine.desired.positions import outline
from converge.engine.show.problems import render
from converge.freebsd import kinds
from tests.recorded import recordings

ROOT = Path(__file__).parents[2]
EXAMPLES = [path.read_text() for path in sorted((ROOT / "desired").glob("*.toml"))]
FRAGMENTS = [
    *"[]{}=\"'#.,\\\n\t -_:/0a\x00\ufeffé位",
    '"""',
    "'''",
    "[[",
    "]]",
    "\r\n",
    "\n[",
    " = ",
    '{ file = "/x" }',
    "[carp.vip]\n",
    "[node.hasta.carp.vip]\n",
    "schema = 1\n",
    "schema = 2\n",
    "1979-05-27T07:32:00Z",
    "9" * 40,
    "\\u0000",
    "needs",
    "password",
]
VALUES = [
    "0",
    "-1",
    "255",
    "300",
    "9223372036854775808",
    "1.5",
    "-inf",
    "nan",
    "true",
    '""',
    '"x"',
    '"carp.vip"',
    '"hast.nothing"',
    '"nokind.x"',
    '"/etc"',
    '"\\u0000"',
    '"é位"',
    "'''\nlines\n'''",
    "[]",
    "[[]]",
    "[1, 'a', {}]",
    "{}",
    "{ a = { b = 1 } }",
    '{ file = "/x" }',
    '{ file = "/nowhere" }',
    "{ file = 5 }",
    "1979-05-27",
    "07:32:00",
    "1979-05-27 07:32:00",
]
FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def read(path):
    return "testpass\n" if path.startswith(("/x", "/usr/local/etc/converge/")) else None


def survives(text):
    """Load it; what is raised must point into it. The rendered problems."""
    try:
        load(text, "x.toml", kinds(), read)
    except BadDesired as bad:
        problems = bad.problems
    else:
        return ""
    lines = text.replace("\r\n", "\n").split("\n")
    assert problems
    for found in problems:
        assert 0 <= found.line <= len(lines)
        assert found.message
        assert found.width >= 1
        if found.line:
            assert 1 <= found.column <= len(lines[found.line - 1]) + 1
    told = render(problems)
    assert "pydantic" not in told
    assert all(line.isprintable() for line in told.split("\n"))
    return told


@FEW
@given(st.text(max_size=300))
def test_any_text(text):
    survives(text)


@FEW
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join))
def test_pieces_of_toml(text):
    survives(text)


@st.composite
def mutated(draw):
    text = draw(st.sampled_from(EXAMPLES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 30)))
        text = text[:start] + draw(st.sampled_from(["", *FRAGMENTS])) + text[end:]
    return text


@FEW
@given(mutated())
def test_examples_with_pieces_torn_out_and_put_in(text):
    survives(text)


@st.composite
def shuffled(draw):
    lines = draw(st.sampled_from(EXAMPLES)).splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        at, to = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        lines.insert(to, lines[at] if draw(st.booleans()) else lines.pop(at))
    return "".join(lines)


@FEW
@given(shuffled())
def test_examples_with_lines_moved_and_doubled(text):
    assert "testpass" not in survives(text)


SETTINGS = [
    (number, match.span(1))
    for number, text in enumerate(EXAMPLES)
    for match in re.finditer(r"^ *[a-z_]+ *= *([^#\n]*[^#\s])", text, re.MULTILINE)
]


@pytest.mark.parametrize("value", VALUES)
def test_every_sort_of_value_in_every_key(value):
    for number, (start, end) in SETTINGS:
        text = EXAMPLES[number]
        assert "testpass" not in survives(text[:start] + value + text[end:])


@FEW
@given(
    st.sampled_from(sorted(kinds())),
    st.data(),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=6),
)
def test_every_key_of_every_kind(kind, data, values):
    names = sorted(kinds()[kind].model_fields)
    keys = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=6, unique=True))
    lines = "\n".join(f"{key} = {value}" for key, value in zip(keys, values, strict=False))
    survives(EXAMPLES[-1] + f"\n[{kind}.fuzz]\n{lines}\n")
    survives(EXAMPLES[-1] + f"\n[node.hastb.{kind}.'/fuzz']\n{lines}\n")


# ---------------------------------------------------- places: what tomllib reads is where we say


def leaves(value, keys=()):
    """Every way in a parsed text, tables included."""
    if keys:
        yield keys, value
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*keys, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from leaves(one, (*keys, at))


def places_are_right(text):
    found = outline(text)
    values = dict(reversed(found.values))
    for keys, value in leaves(tomllib.loads(text)):
        assert keys in values or keys in found.keys, keys
        if keys in values:
            start, end = values[keys]
            assert tomllib.loads(f"x = {text[start:end]}")["x"] == value
        if keys in found.keys and isinstance(keys[-1], str):
            start, end = found.keys[keys]
            assert tomllib.loads(f"{text[start:end]} = 1") == {keys[-1]: 1}


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_places_of_the_examples(text):
    places_are_right(text)


def test_places_of_multi_line_strings_as_programs_print_them():
    texts = [(ROOT / "tests" / "recordings" / f"{name}.toml").read_text() for name in recordings()]
    for text in texts:
        places_are_right(text)


WORDS = st.text(alphabet="ab.-_ é\"'\\\n#[", max_size=5)
LEAVES = st.one_of(WORDS, st.integers(-99, 99), st.booleans(), st.floats(-1, 1))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def written(draw, value):
    """A value in one of the ways that TOML has for it."""
    if isinstance(value, dict):
        pairs = [f"{draw(name(key))} = {draw(written(one))}" for key, one in value.items()]
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        gap = draw(st.sampled_from(["", " ", "\n", " # , ]\n"]))
        return "[" + gap + f",{gap}".join([draw(written(one)) for one in value]) + gap + "]"
    if isinstance(value, str) and draw(st.booleans()):
        if "'" not in value and "\n" not in value:
            return f"'{value}'"
        if "\\" not in value and not value.startswith("\n"):
            return '"""' + value.replace('"', '\\"') + '"""'
    return json.dumps(value, ensure_ascii=False)


@st.composite
def name(draw, key):
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", key)
    return key if bare and draw(st.booleans()) else json.dumps(key, ensure_ascii=False)


@st.composite
def documents(draw):
    """Tables by headers, dotted keys, inline, and as lists of tables."""
    text = ""
    for key, value in draw(st.dictionaries(WORDS, TREES, max_size=4)).items():
        way = draw(name(key))
        text += f"{way}.{draw(name('x y'))}.z = {draw(written(value))} # {key!a}\n"
    for number, table in enumerate(draw(st.lists(st.dictionaries(WORDS, TREES), max_size=3))):
        header = draw(st.sampled_from([f"[ t{number} . 'u' ]", "[[many]]", "[[many.more]]"]))
        pairs = [f"  {draw(name(k))}\t= {draw(written(v))}\n" for k, v in table.items()]
        text += header + "\n" + "".join(pairs)
    return text


@FEW
@given(documents())
def test_places_in_every_way_of_writing(text):
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    places_are_right(text)
