"""rc.conf(5): which settings a script sees. Also the syntax of loader.conf(5)."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from converge.lab.ufs import read_file
from converge.lab.world import World

CONF_FILES = ("/etc/rc.conf", "/etc/rc.conf.local")

DEFAULTS: Mapping[str, str] = {
    "background_fsck": "YES",
    "cloned_interfaces": "",
    "cron_enable": "YES",
    "defaultrouter": "NO",
    "devd_enable": "YES",
    "dumpdev": "NO",
    "fsck_y_enable": "NO",
    "hastd_enable": "NO",
    "hastd_flags": "",
    "hastd_program": "/sbin/hastd",
    "hostname": "",
    "kld_list": "",
    "savecore_enable": "YES",
    "sendmail_enable": "NO",
    "sshd_enable": "NO",
    "syslogd_enable": "YES",
    "syslogd_flags": "-s",
    "update_motd": "YES",
}
"""The part of /etc/defaults/rc.conf that somebody may ask for."""


def parse_assignments(text: str) -> list[tuple[str, str]]:
    """`NAME="value"` lines of an sh file such as rc.conf, in order; the rest is passed over."""
    found: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for line in text.splitlines():
        match = re.match(r"\s*([A-Za-z_]\w*)=(.*)$", line)
        if match is None:
            continue
        try:
            words = shlex.split(match[2], comments=True)
        except ValueError:
            continue
        value = _expanded(" ".join(words[:1]), found)
        found[match[1]] = value
        pairs.append((match[1], value))
    return pairs


def variables(world: World, node: str, name: str = "") -> dict[str, str]:
    """What load_rc_config of the script `name` sees: defaults, rc.conf, its own rc.conf.d."""
    paths = list(CONF_FILES)
    if name:
        paths += [f"/etc/rc.conf.d/{name}", f"/usr/local/etc/rc.conf.d/{name}"]
    known = dict(DEFAULTS)
    for path in paths:
        file = read_file(world, node, path)
        known.update(parse_assignments(file.text) if file else [])
    return known


def is_yes(value: str) -> bool:
    """checkyesno of rc.subr."""
    return value.lower() in ("yes", "true", "on", "1")


def _expanded(value: str, known: Mapping[str, str]) -> str:
    """`kld_list="${kld_list} carp"`: names stand for what was assigned above."""

    def of(match: re.Match[str]) -> str:
        return known.get(match[1], "")

    return re.sub(r"\$\{?(\w+)\}?", of, value)
