"""The lab reads hast.conf as hastd's own parser does, complaints included."""

import pytest

from converge.lab.hast.conf import HastConf, NodeNames, Parsed, parse_conf

NAMES = NodeNames("hasta.example.org", "F6B26ACC-a67a-40ea-b4ab-ca978b5c1e31", "2772192442")

GOOD = """\
# the pair
control /var/run/ctl
pidfile /var/run/h.pid
timeout 5
exec /usr/local/sbin/hook

on hasta {
	listen 192.168.1.51
}
on hastb {
	listen 192.168.1.52
}

resource test {
	local /dev/vtbd1
	replication fullsync
	on hasta {
		remote tcp4://192.168.1.52:8457
		source 192.168.1.51
	}
	on hastb {
		remote 192.168.1.51
	}
}
resource second {
	name data
	timeout 7
	on hasta { local /dev/vtbd2 remote none }
	on hastb { local /dev/vtbd2 remote none }
}
"""


def parsed(text: str) -> HastConf:
    found = parse_conf(text, NAMES)
    assert found.conf is not None, found.error
    return found.conf


def error(text: str) -> str:
    found = parse_conf(text, NAMES)
    assert found.conf is None
    return found.error


def test_a_whole_file_is_read_as_this_node_has_it() -> None:
    conf = parsed(GOOD)
    assert (conf.control, conf.pidfile) == ("/var/run/ctl", "/var/run/h.pid")
    assert conf.listen == ("192.168.1.51",)
    first, second = conf.resources
    assert (first.name, first.provname, first.localpath) == ("test", "test", "/dev/vtbd1")
    assert (first.remote, first.source) == ("tcp4://192.168.1.52:8457", "192.168.1.51")
    assert (first.replication, first.timeout) == ("fullsync", 5)
    assert first.exec_path == "/usr/local/sbin/hook"
    assert (second.provname, second.remote, second.timeout) == ("data", "none", 7)
    assert (second.replication, second.metaflush) == ("memsync", "on")


def test_an_empty_file_has_the_defaults() -> None:
    conf = parsed("")
    assert conf.resources == ()
    assert conf.control == "/var/run/hastctl"
    assert conf.listen == ("tcp4://0.0.0.0:8457", "tcp6://[::]:8457")


@pytest.mark.parametrize(
    "name",
    [
        "hasta",
        "hasta.example.org",
        "f6b26acc-A67a-40ea-b4ab-ca978b5c1e31",
        "hostid2772192442",
    ],
)
def test_a_node_is_meant_by_any_of_its_names(name: str) -> None:
    conf = parsed(f"resource test {{ on {name} {{ local /dev/a remote 10.0.0.2 }} }}")
    assert conf.resources[0].remote == "10.0.0.2"


def test_the_last_of_two_sections_for_this_node_wins() -> None:
    sections = "on hasta { local /dev/a remote 1.1.1.1 } on hasta.example.org { remote 2.2.2.2 }"
    assert parsed(f"resource test {{ {sections} }}").resources[0].remote == "2.2.2.2"


MINE = "\non hasta { local /dev/a remote 1.1.1.1 }"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nreplication sync\n", "at line 1 near 'sync': syntax error"),
        ("resource test {\n\n\tbogus word\n}\n", "at line 2 near 'bogus': syntax error"),
        ("resource test {\n\ton hasta {\n\t\tlocal /dev/a\n", "at line 3 near '': syntax error"),
        ("resource test {\n\ton hasta\n\t\tlocal /dev/a\n", "at line 2 near 'local': syntax"),
        ("resource 12 {\n}\n", "at line 0 near '12': syntax error"),
        ("resource local {\n}\n", "at line 0 near 'local': syntax error"),
        ("timeout long\n", "at line 0 near 'long': syntax error"),
        ("remote 1.1.1.1\n", "at line 0 near 'remote': syntax error"),
        ("}\n", "at line 0 near '}': syntax error"),
    ],
)
def test_a_syntax_error_names_line_from_0_and_word(text: str, said: str) -> None:
    assert error(text).startswith(f"Unable to parse configuration file {said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeout 0\n", "Negative or zero timeout."),
        (
            f"resource test {{ {MINE} }}\nresource test {{ {MINE} }}",
            "Resource test configured more than once.",
        ),
        (
            "resource test { on hasta { local /dev/a } }",
            "Remote address not configured for resource test.",
        ),
        (
            "resource test { on hasta { remote 1.1.1.1 } }",
            "Path to local component not configured for resource test.",
        ),
        (
            "resource test { on other { local /dev/a remote 1.1.1.1 } }",
            "No resource test configuration for this node (acceptable node names: hasta, "
            "hasta.example.org, F6B26ACC-a67a-40ea-b4ab-ca978b5c1e31, hostid2772192442).",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_as_a_whole(text: str, said: str) -> None:
    assert error(text) == said


def test_characters_of_no_token_are_echoed_and_cut_words() -> None:
    found = parse_conf('exec "/usr/local/sbin/hook"\n' + GOOD, NAMES)
    assert found.conf is not None
    assert found.echoed == '""'
    assert error("timeout 5;0\n") == error("timeout 5 0\n")


def test_a_comment_without_a_newline_is_none() -> None:
    assert parse_conf("# end", NAMES) == Parsed(
        None, "Unable to parse configuration file at line 0 near 'end': syntax error", "#"
    )
