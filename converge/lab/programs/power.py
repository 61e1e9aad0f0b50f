"""shutdown(8) and reboot(8). How a machine goes down and comes up is in lab.machine."""

from __future__ import annotations

from converge.core.host import Answer
from converge.lab.machine.shutdown import shut_down
from converge.lab.world import Program, Result, World, done, failed


def shutdown(world: World, node: str, argv: tuple[str, ...], stdin: str) -> Result:
    if argv[0].endswith("reboot"):
        return done(shut_down(world, node, "again"))
    if "now" not in argv or not {"-r", "-p", "-h"} & set(argv):
        return failed(world, 1, "usage: shutdown -r|-p|-h now\n")
    return Result(shut_down(world, node, "again" if "-r" in argv else "off"), Answer(0), 0.3)


PROGRAMS: dict[str, Program] = {"shutdown": shutdown, "reboot": shutdown}
