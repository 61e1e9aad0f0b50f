"""Worlds for hastd itself: other configurations, stopped, killed, under a database."""

from functools import cache

from converge.lab.fresh import recorded_pair
from converge.lab.shell import sh
from converge.lab.world import World
from tests.lab.fs_worlds import later, mounted, then
from tests.lab.hast_worlds import connected, either, promoted_in_vain

RESOURCE = "resource test {\n%s}\n"
HERE = "\ton hasta {\n\t\tlocal /dev/vtbd1\n\t\tremote 192.168.1.52\n\t}\n"
CONFIGS = {
    "badrepl": "# modes\nreplication sync\n",
    "dup": RESOURCE % HERE * 2,
    "empty": "",
    "keyword": "# a\n# b\nresource test {\n\tbogus yes\n}\n",
    "missing": None,
    "nodisk": (RESOURCE % HERE).replace("vtbd1", "vtbd9"),
    "nohost": RESOURCE % HERE.replace("hasta", "other"),
    "nolocal": RESOURCE % HERE.replace("\t\tlocal /dev/vtbd1\n", ""),
    "noremote": RESOURCE % HERE.replace("\t\tremote 192.168.1.52\n", ""),
    "syntax": RESOURCE.partition("%")[0] + HERE.rpartition("\t}")[0] + "\ton\n",
}


SPOIL = "cat /etc/hast.conf > /root/good; cat /tmp/hc/syntax.conf > /etc/hast.conf"
MEND = "cat /root/good > /etc/hast.conf"


def config(text: str) -> str:
    """A shell line that writes /tmp/hc/x.conf."""
    lines = text.replace("\n", "\\n").replace("\t", "\\t")
    return f"mkdir -p /tmp/hc; printf '{lines}' > /tmp/hc/x.conf"


def configured(name: str) -> World:
    """/tmp/hc/NAME.conf lies on hasta; hastd runs with the good file."""
    text = CONFIGS[name]
    if text is None:
        return recorded_pair()
    return then(recorded_pair(), config(text).replace("x.conf", f"{name}.conf"))


def stopped_with(name: str) -> World:
    return then(configured(name), "service hastd stop")


@cache
def bad_file() -> World:
    """hastd runs; /etc/hast.conf has just become bad."""
    return then(configured("syntax"), SPOIL)


@cache
def first_series() -> World:
    """A promotion in vain, a reload of a bad file, then the first connect."""
    world = then(promoted_in_vain(), config(CONFIGS["syntax"] or "").replace("x.", "syntax."))
    world = then(world, SPOIL, "service hastd reload; sleep 6", MEND, "service hastd reload")
    world = either(later(world, 6.0), "hastctl create test")
    world = then(world, "hastctl role secondary test", node="hastb")
    return then(world, "hastctl role primary test; sleep 1")


def stopped() -> World:
    return then(recorded_pair(), "service hastd stop")


def disabled(world: World) -> World:
    return then(world, "sysrc hastd_enable=NO > /dev/null")


def stale_pid() -> World:
    return then(recorded_pair(), "kill -9 $(cat /var/run/hastd.pid)")


@cache
def database() -> World:
    return started(mounted())


@cache
def worker_killed() -> World:
    return then(database(), 'kill -9 $(pgrep -f "hastd: test .primary")')


def started(world: World) -> World:
    start = "sysrc mysql_enable=YES > /dev/null; service mysql-server onestart > /dev/null"
    return then(world, f"{start}; sleep 2")


def not_stopped() -> World:
    return sh(bad_file(), "hasta", "service hastd stop").world


def quoted() -> World:
    """hast.conf on hastb names the hook program in quotes."""
    line = "printf 'exec \"/usr/local/sbin/hast-exec\"\\n' > /tmp/h; cat /etc/hast.conf >> /tmp/h"
    return then(connected(), f"{line}; cat /tmp/h > /etc/hast.conf", node="hastb")


def compiled_in() -> World:
    """hastb's kernel has geom_gate; nothing was loaded."""
    kernel = frozenset({"carp", "geom_gate"})
    return recorded_pair().change("hastb", compiled_in=kernel, modules=())
