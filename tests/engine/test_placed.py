"""Which table an adopted value goes into: whatever stands where, each node has its own then."""

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from converge.core.adoption import Adoption
from converge.core.ids import ResourceId
from converge.engine.desired import load
from converge.engine.desired.placed import places
from converge.engine.desired.written import written
from converge.freebsd import kinds

NODES = ("hasta", "hastb")
SKEW = st.integers(0, 3)
MAYBE = st.none() | SKEW
SHARED = ["[carp.vip]\n{}", "[carp]\nvip = {{ {} }}\n", "[carp]\n{}"]
OWN = ["[node.{}.carp.vip]\n{}", "[node.{}.carp]\nvip = {{ {} }}\n"]


@st.composite
def files(draw):
    """A file in which the shared table and those of the nodes may say advskew, in any order."""
    head = 'schema = 1\n[pair]\nname = "p"\nnodes = ["hasta", "hastb"]\n'
    fields = {"interface": '"em0"', "vhid": "1", "address": '"192.0.2.9/32"'}
    shared = draw(MAYBE)
    form = draw(st.sampled_from(SHARED))
    fields |= {} if shared is None else {"advskew": str(shared)}
    parts = [form.format(body(fields, form, "vip."))]
    for n, node in enumerate(NODES, 1):
        own = draw(MAYBE)
        address = f'address = "192.0.2.{n}" # of {node}\n'
        if own is None:
            parts.append(f"[node.{node}]\n{address}")
        elif draw(st.booleans()):
            parts.append(f"[node.{node}]\n{address}carp.vip.advskew = {own}\n")
        else:
            form = draw(st.sampled_from(OWN))
            parts += [f"[node.{node}]\n{address}", form.format(node, f"advskew = {own}\n").replace(
                "\n }", " }")]  # fmt: skip
    return head + "\n".join(draw(st.permutations(parts)))


def body(fields, form, prefix):
    if "{{" in form:
        return ", ".join(f"{k} = {v}" for k, v in fields.items())
    dotted = prefix if form.startswith("[carp]\n{}") else ""
    return "".join(f"{dotted}{k} = {v}\n" for k, v in fields.items())


def skews(text):
    resources = load(text, "d.toml", kinds(), lambda _: None).resources
    return {node: resources[ResourceId(node, "carp", "vip")].advskew for node in NODES}


@settings(max_examples=300, deadline=None)
@given(files(), st.dictionaries(st.sampled_from(NODES), SKEW, min_size=1))
def test_each_node_has_what_was_seen_on_it(text, seen):
    desired = load(text, "d.toml", kinds(), lambda _: None)
    before = skews(text)
    ids = {node: ResourceId(node, "carp", "vip") for node in seen}
    ones = [Adoption(ids[n], "advskew", v, ids[n]) for n, v in seen.items() if v != before[n]]
    new = text
    for keys, value in places(desired, ones):
        new = written(new, keys, value)
    assert skews(new) == {**before, **seen}
    if len(seen) == 2 and len(set(seen.values())) == 1 and "node" not in overrides(text):
        assert "node" not in overrides(new), "both nodes say the same: one shared value"


def overrides(text):
    table = tomllib.loads(text)
    return {"node" for node in table["node"].values() if "carp" in node}
