"""service(8), rc scripts called by their path, and the list of what is enabled."""

from __future__ import annotations

from dataclasses import replace

from converge.core.host import Answer
from converge.lab.machine import rc
from converge.lab.machine.rcconf import is_yes, variables
from converge.lab.ufs import read_file
from converge.lab.world import Program, Result, World, done, failed

LIST_S = 8.7
"""`service -e` runs every script once (mysql-service-e)."""

STOCK = (
    ("hostid", "YES"),
    ("hostid_save", "YES"),
    ("cleanvar", "YES"),
    ("ip6addrctl", "YES"),
    ("mixer", "YES"),
    ("kldxref", "YES"),
    ("rctl", "YES"),
    ("devmatch", "YES"),
    ("netif", "YES"),
    ("resolv", "YES"),
    ("devd", "YES"),
    ("dmesg", "YES"),
    ("newsyslog", "YES"),
    ("os-release", "YES"),
    ("gptboot", "YES"),
    ("syslogd", "YES"),
    ("savecore", "YES"),
    ("hastd", "NO"),
    ("sshd", "NO"),
    ("cron", "YES"),
)
"""Scripts of the base system in rcorder, and what /etc/defaults/rc.conf says of each."""


def _service(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """service NAME VERB; service -e."""
    if argv[1:2] == ("-e",):
        return done(world, _enabled(world, node), LIST_S)
    if len(argv) < 3:
        return failed(world, 1, "Usage:\nservice [-j <jail name or id>] [-v] -e | -l | -R\n")
    name, verb = argv[1], argv[2]
    path = rc.script_path(world, node, name)
    if path is None:
        text = f"{name} does not exist in /etc/rc.d or the local startup\n"
        return failed(
            world, 1, stdout=text + f"directories ({rc.FOLDERS[1]}), or is not executable\n"
        )
    return run_script(world, node, path, verb)


def _enabled(world: World, node: str) -> str:
    conf = variables(world, node)
    text = ""
    for name, default in STOCK:
        variable = name.replace("-", "_") + "_enable"
        if is_yes(conf.get(variable, default)):
            text += f"/etc/rc.d/{name}\n"
    for name, script in sorted(rc.scripts().items()):
        path = rc.script_path(world, node, name)
        if path and path.startswith(rc.FOLDERS[1]) and is_yes(conf.get(script.rcvar, "NO")):
            text += f"{path}\n"
    return text


def run_script(world: World, node: str, path: str, verb: str) -> Result:
    """A script in an rc.d folder with its first word, whatever its mode is."""
    name = path.rsplit("/", 1)[-1]
    script = rc.scripts().get(name)
    if script is None:
        return failed(world, 1, f"{path}: the lab does not simulate this script\n")
    return rc.command(world, node, script, path, verb)


def _direct(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """/usr/local/etc/rc.d/NAME VERB: 126 without the executable bit (mysql-mode000-direct)."""
    file = read_file(world, node, argv[0])
    if file is None:
        return failed(world, 127, f"sh: {argv[0]}: not found\n")
    if not int(file.mode, 8) & 0o111:
        return failed(world, 126, f"sh: {argv[0]}: Permission denied\n")
    if len(argv) < 2:
        usage = f"Usage: {argv[0]} [{'|'.join(rc.PREFIXES)}]({'|'.join(rc.WORDS)})\n"
        return replace(failed(world, 1), answer=Answer(1, "", usage))
    return run_script(world, node, argv[0], argv[1])


PROGRAMS: dict[str, Program] = {"service": _service, "rc.d": _direct}
