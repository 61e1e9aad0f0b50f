"""A resource block in hast.conf: reading, comparing, writing, and what is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from converge.core.graph import Graph
from converge.core.host import NO_SUCH_FILE, Answer, Edit, edited
from converge.core.ids import ResourceId
from converge.core.plan import Action, Allow, Refuse, Snapshot, Verdict
from converge.core.resource import Resource
from converge.core.state import Absent, Present, Unknown, in_sync
from converge.engine.run.guards import Facts
from converge.freebsd.hast.answers import HastState
from converge.freebsd.hast_entry import HastEntry, HastEntryState, entry_in
from converge.freebsd.hast_entry.grammar import KEYWORDS, parse_conf
from tests.freebsd.around import Neighbours, Surroundings, change, made, pair
from tests.looking import see
from tests.recorded import Recording, recording

NODES = {
    "hasta": {"local": "/dev/ad6", "remote": "192.168.1.52"},
    "hastb": {"local": "/dev/ad6", "remote": "192.168.1.51"},
}
ARTICLE = """\
resource test {
    on hasta {
        local /dev/ad6
        remote 192.168.1.52
    }
    on hastb {
        local /dev/ad6
        remote 192.168.1.51
    }
}
"""


def entry(name: str = "test", **table: Any) -> HastEntry:
    return made(HastEntry, name, **{"nodes": NODES, **table})


STOPPED, RUNS = recording("svc-hastd-status-stopped"), recording("svc-hastd-status-running")


def saw(resource: HastEntry, text: str, host: str = "hasta", hastd: Recording = STOPPED) -> Any:
    answers = {"hostname": Answer(0, f"{host}\n"), "read /etc/hast.conf": Answer(0, text)}
    answers["service hastd onestatus"] = hastd.answer
    return see(resource, Surroundings(), answers)


def wish(resource: HastEntry) -> Present[HastEntryState]:
    wished = resource.want(Neighbours())
    assert isinstance(wished, Present)
    return wished


def after(resource: HastEntry, text: str) -> str:
    """The file after one round of what the kind would do."""
    seen = saw(resource, text)
    if in_sync(seen, wish(resource)):
        return text
    for action in resource.actions(change(resource, seen, wish(resource))):
        assert isinstance(action.effect, Edit)
        new = edited(text, str(action.effect.old), str(action.effect.new))
        assert new is not None, "the block is no longer found in the file"
        text = new
    return text


# Reading


def test_the_article_is_read_with_hastds_defaults() -> None:
    seen = saw(entry(), ARTICLE)
    assert isinstance(seen, Present)
    assert seen.state.says == (
        "checksum none",
        "compression hole",
        "replication memsync",
        "timeout 20",
        "on hasta local /dev/ad6",
        "on hasta metaflush on",
        "on hasta name test",
        "on hasta remote 192.168.1.52",
        "on hastb local /dev/ad6",
        "on hastb metaflush on",
        "on hastb name test",
        "on hastb remote 192.168.1.51",
    )
    assert seen.state.text == ARTICLE


def test_what_the_file_sets_for_all_holds_unless_the_block_says_otherwise() -> None:
    text = "replication async\ntimeout 5\nmetaflush off\n" + ARTICLE.replace(
        "test {", "test {\n timeout 7"
    )
    says = saw(entry(), text).state.says
    assert {"replication async", "timeout 7", "on hasta metaflush off"} <= set(says)
    assert saw(entry(), text).state.inherited == {"replication", "timeout", "metaflush"}


def test_global_statements_hold_wherever_they_stand() -> None:
    assert "timeout 5" in saw(entry(), ARTICLE + "timeout 5\n").state.says


def test_a_nodes_own_statement_wins_over_the_blocks() -> None:
    text = (
        "resource test { local /dev/x name all metaflush off\n"
        "on hasta { name own metaflush on remote r } on hastb { remote none } }\n"
    )
    says = set(saw(entry(), text).state.says)
    assert {"on hasta name own", "on hasta metaflush on", "on hasta local /dev/x"} <= says
    assert {"on hastb name all", "on hastb metaflush off", "on hastb remote none"} <= says


def test_comments_listen_and_a_top_level_on_are_understood() -> None:
    text = (
        "# resource no {\nlisten tcp4://0.0.0.0:8457\non hasta { listen [::1]:8457 "
        "control /var/run/hastctl pidfile /var/run/hastd.pid }\n" + ARTICLE
    )
    assert saw(entry(), text).state.text == ARTICLE


def test_quotes_are_skipped_as_hastd_skips_them() -> None:
    assert recording("hast-conf-quoted-exec-status").rc == 0
    text = ARTICLE.replace("test {", 'test {\n    exec "/usr/local/sbin/hast-exec"')
    assert "exec /usr/local/sbin/hast-exec" in saw(entry(), text).state.says


def test_a_global_exec_is_nobodys_drift() -> None:
    resource = entry(replication="memsync")
    assert in_sync(saw(resource, "exec /bin/true\n" + ARTICLE), wish(resource))
    assert not in_sync(
        saw(resource, ARTICLE.replace("test {", "test { exec /bin/true ")), wish(resource)
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("resource test {\n on hasta {\n  local bogus bogus\n", 3),
        ("resource local {\n}\n", 1),
        ("resource 12 {\n}\n", 1),
        ("\nreplication sync\n", 2),
        ("timeout 0\n", 1),
        ("timeout soon\n", 1),
        ("local /dev/ad6\n", 1),
        ("resource test {\n remote 192.168.1.52\n}\n", 2),
        ("resource test {\n listen a\n}\n", 2),
        ("resource test {\n on hasta {\n  timeout 5\n }\n}\n", 3),
        ("on hasta {\n on hastb {\n", 2),
        ("resource test\n on hasta {\n", 1),
        ("resource test {\n", 1),
        ("}\n", 1),
        ("metaflush yes\n", 1),
        ("exec none\n", 1),
        ("checksum\n", 1),
        (ARTICLE + ARTICLE, 11),
    ],
)
def test_what_hastd_would_reject_is_unknown_with_its_line(text: str, line: int) -> None:
    said = parse_conf(text)
    assert isinstance(said, str)
    assert said.startswith(f"line {line}: ")
    seen = saw(entry(), text)
    assert isinstance(seen, Unknown)
    assert said in seen.why


def test_the_recorded_rejections_are_of_these_kinds() -> None:
    for name in ("syntax", "keyword", "badrepl", "dup"):
        assert recording(f"hast-conf-{name}-status").rc == 78


def test_no_file_and_no_block_are_both_absent() -> None:
    answers = {"hostname": Answer(0, "hasta\n"), "read /etc/hast.conf": Answer(NO_SUCH_FILE)}
    assert see(entry(), Surroundings(), answers) == Absent()
    elsewhere = ARTICLE.replace("/dev/ad6", "/dev/ad9")
    assert saw(entry("other"), elsewhere) == Absent()
    assert saw(entry(), "") == Absent()


def test_a_disk_that_another_block_has_is_not_given_away_twice() -> None:
    told = saw(entry("other"), ARTICLE)
    assert isinstance(told, Unknown)
    assert told.why.startswith("resource test of /etc/hast.conf has a disk of other already")


def test_a_file_that_cannot_be_read_is_unknown() -> None:
    denied = Answer(1, "", "Permission denied")
    answers = {"hostname": Answer(0, "hasta\n"), "read /etc/hast.conf": denied}
    assert "Permission denied" in see(entry(), Surroundings(), answers).why


def test_a_host_without_a_section_is_unknown() -> None:
    """hastd rejects the whole file then (F37, hast-conf-nohost-status)."""
    assert recording("hast-conf-nohost-status").rc == 78
    seen = saw(entry(), ARTICLE, host="hastc.example.org")
    assert isinstance(seen, Unknown)
    assert "hastc.example.org" in seen.why
    assert isinstance(saw(entry(), ARTICLE, host=""), Unknown)


def test_the_host_may_go_by_its_full_or_its_short_name() -> None:
    assert recording("sys-hostname").stdout == "hasta\n"
    full = {f"{node}.example.org": section for node, section in NODES.items()}
    assert isinstance(saw(entry(), ARTICLE, host="hasta.example.org"), Present)
    assert isinstance(saw(entry(nodes=full), ARTICLE, host="hasta.example.org"), Present)
    assert isinstance(saw(entry(nodes=full), ARTICLE, host="hasta"), Unknown)


def test_a_block_that_shares_a_line_is_not_touched() -> None:
    seen = saw(entry(), "timeout 5 " + ARTICLE)
    assert isinstance(seen, Unknown)
    assert "lines of its own" in seen.why
    assert isinstance(saw(entry(), ARTICLE.rstrip() + " timeout 5\n"), Unknown)
    assert isinstance(saw(entry(), ARTICLE.rstrip() + " # the only one\n"), Present)


# Writing


def test_the_article_is_written_as_it_stands() -> None:
    assert after(entry(replication="memsync"), "") == ARTICLE


def test_a_missing_block_is_appended_and_then_in_sync() -> None:
    text = "# mine\nresource other {\n on hasta { local /dev/a remote none }\n}"
    resource = entry()
    changed = after(resource, text)
    assert changed.startswith(text + "\nresource test {\n    replication fullsync\n")
    assert in_sync(saw(resource, changed), wish(resource))
    (action,) = resource.actions(change(resource, Absent(), wish(resource)))
    assert (action.verb, action.settle_s) == ("add", 0)


def test_only_the_block_itself_is_replaced() -> None:
    before, behind = "# a comment\ntimeout 20\n", "resource other {\n}\n# the end\n"
    text = before + ARTICLE + behind
    changed = after(entry(timeout=5), text)
    assert changed.startswith(before)
    assert changed.endswith(behind)
    assert "\n    timeout 5\n" in changed


def test_why_says_what_differs() -> None:
    resource = entry(timeout=5)
    (action,) = resource.actions(change(resource, saw(resource, ARTICLE), wish(resource)))
    assert action.verb == "write"
    assert "replication memsync, timeout 20" in action.why
    assert "wished: replication fullsync, timeout 5" in action.why


def test_the_last_line_may_lack_its_newline() -> None:
    resource = entry(timeout=5)
    changed = after(resource, "# top\n" + ARTICLE.rstrip())
    assert changed == after(resource, "# top\n" + ARTICLE)
    assert changed.count("resource test") == 1


def test_a_block_is_never_taken_away() -> None:
    """The file is the same on both nodes: the other one may need it."""
    resource = entry()
    assert resource.actions(change(resource, saw(resource, ARTICLE), Absent())) == ()


def test_what_is_set_for_all_is_overruled_in_the_block() -> None:
    resource = entry(replication="memsync", metaflush="on")
    changed = after(resource, "replication async\nmetaflush off\n" + ARTICLE)
    assert "    replication memsync\n    metaflush on\n" in changed
    assert in_sync(saw(resource, changed), wish(resource))


STATEMENTS = st.sampled_from(
    [
        "timeout 5",
        "replication async",
        "checksum crc32",
        "compression none",
        "metaflush off",
        "exec /bin/true",
        "# resource test {",
        "listen tcp4://0.0.0.0:8457",
        'on hasta { listen "a" }',
        "resource other {\n on hasta { local /dev/a remote none }\n}",
    ]
)
BLOCKS = st.sampled_from(
    [
        "",
        ARTICLE,
        ARTICLE.rstrip(),
        ARTICLE.replace("    ", "\t"),
        ARTICLE.replace("\n", " ").rstrip() + "\n",
        ARTICLE.replace("test {", "test { # here\n replication async metaflush off name prov"),
        "resource test {\n}\n",
    ]
)
TABLES = st.fixed_dictionaries(
    {},
    optional={
        "replication": st.sampled_from(["fullsync", "memsync", "async"]),
        "timeout": st.sampled_from([5, 20, 90]),
        "checksum": st.sampled_from(["none", "sha256"]),
        "compression": st.sampled_from(["hole", "lzf"]),
        "metaflush": st.sampled_from(["on", "off"]),
        "exec": st.sampled_from(["/bin/true", "/usr/local/sbin/hook"]),
        "provider": st.sampled_from(["disk0", "test"]),
    },
)


@given(above=st.lists(STATEMENTS), block=BLOCKS, below=st.lists(STATEMENTS), table=TABLES)
def test_any_file_is_right_after_two_rounds_and_all_else_stays(
    above: list[str], block: str, below: list[str], table: dict[str, Any]
) -> None:
    resources = [line for line in [*above, *below] if line.startswith("resource")]
    if len(resources) > 1 or (below and block and not block.endswith("\n")):
        return
    head, tail = "".join(f"{line}\n" for line in above), "".join(f"{line}\n" for line in below)
    resource = entry(**table)
    text = after(resource, head + block + tail)
    # A block that was missing cannot know what the file sets for all: hence the second round.
    text = after(resource, text)
    assert in_sync(saw(resource, text), wish(resource))
    assert after(resource, text) == text
    assert text.startswith(head)
    rest = tail if block else ""
    assert text.endswith(rest)


# What is refused in the desired file


@pytest.mark.parametrize("name", [*sorted(KEYWORDS), "12", "a b", "x{", ""])
def test_names_that_hastd_would_trip_over(name: str) -> None:
    with pytest.raises(ValidationError):
        entry(name)


def test_the_keywords_are_those_of_the_grammar() -> None:
    grammar = """
        on off none async memsync fullsync hole lzf crc32 sha256 control pidfile listen replication
        checksum compression timeout exec metaflush resource name local remote source"""
    assert set(grammar.split()) == KEYWORDS


@pytest.mark.parametrize(
    "table",
    [
        {"nodes": {"hasta": NODES["hasta"]}},
        {"nodes": {**NODES, "hastb": {"local": "/dev/ad6"}}},
        {"nodes": {**NODES, "hastb": {"remote": "192.168.1.51"}}},
        {"nodes": {"on": NODES["hasta"], "hastb": NODES["hastb"]}},
        {"nodes": {**NODES, "hastb": {"local": "ad6", "remote": "192.168.1.51"}}},
        {"nodes": {**NODES, "hastb": {"local": "/dev/ad 6", "remote": "192.168.1.51"}}},
        {"nodes": {**NODES, "hastb": {"local": "/dev/ad6", "remote": "51"}}},
        {"timeout": 0},
        {"timeout": "20"},
        {"exec": "hook"},
        {"exec": "/bin/hook now"},
        {"replication": "sync"},
        {"checksum": "md5"},
        {"compression": "zstd"},
        {"metaflush": "yes"},
        {"provider": "local"},
        {"provider": "7"},
        {"nonsense": "x"},
    ],
)
def test_tables_that_hastd_would_reject(table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        entry(**table)


def test_remote_may_be_none() -> None:
    nodes = {**NODES, "hasta": {"local": "/dev/ad6", "remote": "none"}}
    assert "remote none" in after(entry(nodes=nodes), "")


def test_a_source_address_is_written() -> None:
    nodes = {**NODES, "hasta": {**NODES["hasta"], "source": "192.168.1.51"}}
    text = after(entry(nodes=nodes), "")
    assert "        remote 192.168.1.52\n        source 192.168.1.51\n" in text


def test_it_can_be_implied_from_plain_values() -> None:
    table = {"id": entry().id, "nodes": NODES, "timeout": 5}
    assert HastEntry.model_validate(table) == entry(timeout=5)


def test_a_block_that_lacks_what_hastd_needs_is_seen_as_it_is() -> None:
    assert (
        recording("hast-conf-nolocal-status").rc == recording("hast-conf-noremote-dump").rc == 78
    )
    said = parse_conf("resource test {\n on hasta { remote r }\n}\n")
    assert not isinstance(said, str)
    seen = entry_in(said, "test", "")
    assert seen is not None
    assert "on hasta local" not in " ".join(seen.says)


def test_it_is_a_resource_without_needs() -> None:
    assert issubclass(HastEntry, Resource)
    assert list(entry().needed(Surroundings())) == []


def test_the_disk_of_a_primary_is_not_changed_in_the_file() -> None:
    (guard,) = HastEntry.guards
    moved = entry(nodes={**NODES, "hastb": {**NODES["hastb"], "local": "/dev/ad7"}})
    seen = saw(entry(), ARTICLE)
    (write,) = moved.actions(change(moved, seen, wish(moved)))
    write = replace(write, wish=wish(moved))
    leads = HastState("primary", "/dev/ad6", "192.168.1.52", "fullsync", "test")
    id_a, id_b = (ResourceId(node, "hast", "test") for node in ("hasta", "hastb"))
    roles = {id_a: Present(leads), id_b: Present(replace(leads, role="secondary"))}

    def judged(action: Action, hast: dict[ResourceId, Present[HastState]]) -> Verdict:
        snapshot = Snapshot(datetime(2026, 11, 23, tzinfo=UTC), {entry().id: seen, **hast})
        return guard.judge(action, Facts(Graph(pair(), {}, (), {}, {}, {}), snapshot))

    verdict = judged(write, roles)
    assert isinstance(verdict, Refuse)
    assert verdict.why.startswith("hasta/hast.test is primary")
    assert judged(write, {id_b: roles[id_b]}) == Allow()
    assert judged(replace(write, wish=wish(entry(timeout=5))), roles) == Allow()


# The hook


HOOK = "/usr/local/libexec/converge/hast-event"


def verbs(resource: HastEntry, text: str, hastd: Recording) -> list[str]:
    seen = saw(resource, text, hastd=hastd)
    return [action.verb for action in resource.actions(change(resource, seen, wish(resource)))]


def test_a_hastd_that_runs_is_told_of_its_hook_and_of_nothing_else() -> None:
    """For all else its next start, or kind `hast`, decides: a reload may take a device away."""
    fitting = ARTICLE.replace("test {", "test {\n    replication fullsync")
    assert verbs(entry(exec=HOOK), fitting, RUNS) == ["write", "reload"]
    assert verbs(entry(exec=HOOK), fitting, STOPPED) == ["write"]
    assert verbs(entry(exec=HOOK), ARTICLE, RUNS) == ["write"], "the replication differs, too"
    assert verbs(entry(timeout=5), fitting, RUNS) == ["write"]


def test_a_hook_that_is_not_wished_any_more_is_taken_out_and_told() -> None:
    text = ARTICLE.replace("test {", f"test {{\n    replication fullsync\n    exec {HOOK}")
    assert verbs(entry(), text, RUNS) == ["write", "reload"]
    assert HOOK not in after(entry(), text)
