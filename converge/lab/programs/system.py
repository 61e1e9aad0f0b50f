"""Facts about the system: sysctl, uname, hostname, freebsd-version, uptime, date, id."""

from __future__ import annotations

from converge.core.host import Answer
from converge.lab.machine.sysctls import ident, osreldate, tree, version, write
from converge.lab.machine.syslog import wall
from converge.lab.net.links import major
from converge.lab.shell.getopt import Words, getopt
from converge.lab.ufs.files import IDS
from converge.lab.world import Program, Result, World, done, failed


def sysctl(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "abdehiNnoqtWwXxB:f:")
    names = words.rest or (tuple(tree(world.machine(node))) if words.has("a") else ())
    if not names:
        return failed(world, 1, "usage: sysctl [-bdehiNnoqtWx] name[=value[,value]] ...\n")
    out, err, code = "", "", 0
    for name in names:
        key, setting, value = name.partition("=")
        if setting:
            world, told, error = _set(world, node, key, value, words)
        else:
            told, error = _get(world, node, key, words)
        out += told
        if error:
            err += "" if words.has("q") else f"sysctl: {error}\n"
            code = 1
    return Result(world, Answer(code, out, err))


def _get(world: World, node: str, name: str, words: Words) -> tuple[str, str]:
    known = tree(world.machine(node))
    found = [k for k in known if k == name or k.startswith(name.rstrip(".") + ".")]
    if not found:
        return "", "" if words.has("i") else f"unknown oid '{name}'"
    return "".join(_line(key, known[key], words) for key in found), ""


def _line(key: str, value: str, words: Words) -> str:
    if words.has("N"):
        return f"{key}\n"
    if not value:
        return ""
    mark = "" if words.has("n") else f"{key}=" if words.has("e") else f"{key}: "
    return f"{mark}{value}\n"


def _set(world: World, node: str, name: str, value: str, words: Words) -> tuple[World, str, str]:
    old = tree(world.machine(node)).get(name)
    if old is None and words.has("i"):
        return world, "", ""
    world, error = write(world, node, name, value)
    if error:
        return world, "", error
    new = tree(world.machine(node))[name]
    return world, _line(name, f"{old} -> {new}", words), ""


def uname(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    machine = world.machine(node)
    words = getopt(argv, "abiKmnoprsUv")
    parts = {
        "s": "FreeBSD",
        "n": machine.hostname,
        "r": machine.release,
        "v": version(machine),
        "m": "amd64",
        "p": "amd64",
        "i": ident(machine),
        "K": str(osreldate(machine)),
        "U": str(osreldate(machine)),
    }
    wanted = set(words.given) or {"s"}
    if "a" in wanted:
        wanted |= set("snrvm")
    if "o" in wanted:
        wanted |= {"s"}
    return done(world, " ".join(text for key, text in parts.items() if key in wanted) + "\n")


def hostname(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "fsd")
    name = world.machine(node).hostname
    if words.rest:
        return done(world.change(node, hostname=words.rest[0]))
    short, _, domain = name.partition(".")
    return done(world, (short if words.has("s") else domain if words.has("d") else name) + "\n")


def freebsd_version(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    if major(world.machine(node)) < 10:  # it came with 10.0, freebsd-version(1)
        return failed(world, 127, "sh: freebsd-version: not found\n")
    words = getopt(argv, "kruj:")
    count = sum(words.has(letter) for letter in "kru") or 1
    return done(world, f"{world.machine(node).release}\n" * count, 0.1)


def id_(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    """`id -u USER`. A server's package brings its user."""
    words = getopt(argv, "gGnpru")
    name = words.rest[0] if words.rest else "root"
    scripts = world.machine(node).files
    missing = name == "mysql" and not any(
        p.startswith("/usr/local/etc/rc.d/mysql") for p in scripts
    )
    if name not in IDS or missing:
        return failed(world, 1, f"id: {name}: no such user\n")
    return done(world, f"{IDS[name]}\n")


def uptime(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    seconds = world.now - world.machine(node).booted
    minutes = int((seconds + 30 if seconds > 60 else seconds) // 60)
    days, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    up = f" {days} day{'s' if days > 1 else ''}," if days else ""
    if hours and minutes:
        up += f" {hours}:{minutes:02d},"
    elif hours:
        up += f" {hours} hr{'s' if hours > 1 else ''},"
    elif minutes:
        up += f" {minutes} min{'s' if minutes > 1 else ''},"
    elif not days:
        up += f" {int(seconds)} secs,"
    time = f"{wall(world, node):%l:%M%p}"
    return done(world, f"{time}  up{up} 0 users, load averages: 0.20, 0.15, 0.10\n")


def date(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    words = getopt(argv, "uRnj")
    form = next((w[1:] for w in words.rest if w.startswith("+")), "%a %b %e %H:%M:%S UTC %Y")
    now = wall(world, node)
    return done(world, now.strftime(form.replace("%s", str(int(now.timestamp())))) + "\n")


PROGRAMS: dict[str, Program] = {
    "sysctl": sysctl,
    "uname": uname,
    "hostname": hostname,
    "freebsd-version": freebsd_version,
    "uptime": uptime,
    "date": date,
    "id": id_,
}
