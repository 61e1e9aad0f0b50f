"""Addresses of far nodes."""

from pathlib import Path

import pytest

from converge.core.errors import UsageError
from converge.hosts.target import Target, command_line, parse_target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("ssh://hastb", Target("hastb")),
        ("ssh://root@hastb.example.org", Target("hastb.example.org", "root")),
        ("ssh://root@192.168.1.52:2222", Target("192.168.1.52", "root", 2222)),
        ("ssh://root@[fe80::1]:22", Target("fe80::1", "root", 22)),
    ],
)
def test_an_address_is_read_and_written(url: str, target: Target) -> None:
    assert parse_target(url) == target
    assert str(target) == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "hastb", "http://hastb", "ssh:", "ssh://", "ssh://root@"),
        *("ssh://hastb:0", "ssh://hastb:70000", "ssh://hastb:ssh", "ssh://hastb/path"),
        *("ssh://-oProxyCommand=x", "ssh://-oX@hastb", "ssh://a b", "ssh://[::1", "ssh://h?q"),
    ],
)
def test_what_is_no_address_is_an_error_of_usage(url: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_target(url)
    assert "ssh://user@host:port" in error.value.hint


def test_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(UsageError) as error:
        parse_target("ssh://root:sesame@hastb")
    assert "sesame" not in str(error.value) + error.value.hint


def test_no_connection_is_shared_in_a_folder_that_is_not_ours_alone(tmp_path: Path) -> None:
    private, public, link = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    public.mkdir(mode=0o755)
    link.symlink_to("a")
    shared = {
        folder.name: "ControlMaster=auto" in command_line(Target("h"), ("ssh",), folder)
        for folder in (private, public, link, tmp_path / "no" / "folder")
    }
    assert shared == {"a": True, "b": False, "c": False, "folder": False}
    assert private.stat().st_mode & 0o777 == 0o700
