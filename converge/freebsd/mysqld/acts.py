"""What brings a server into its wished state: stop, mark, start, wait."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from converge.core.host import Command, Wait, Write
from converge.core.plan import Action, Change
from converge.core.state import Present
from converge.freebsd.mysqld.answers import MARKER, MysqldState
from converge.freebsd.mysqld.ladder import stop

if TYPE_CHECKING:
    from converge.freebsd.mysqld import Mysqld


def acts(mysqld: Mysqld, change: Change) -> tuple[Action, ...]:
    seen = change.observed.state if isinstance(change.observed, Present) else None
    wished = change.wish.state if isinstance(change.wish, Present) else None
    if wished is None:
        return (_stop(mysqld, seen),) if seen and seen.running else ()
    if seen is None:
        # Its volume is not mounted. Whose data are on it is asked again at its turn (S5).
        return (_start(mysqld, wished),)
    if seen.running and not seen.on_volume:
        return (_stop(mysqld, seen), _start(mysqld, wished))
    unmarked = not seen.empty and seen.identity != wished.identity
    mark = (_mark(mysqld, wished),) if unmarked else ()
    if not seen.running:
        return (*mark, _start(mysqld, replace(wished, identity=seen.identity)))
    if not seen.ready:
        goal = Present(replace(wished, identity=seen.identity))
        why = f"it runs as {seen.named}, but {mysqld.probe[0]} gets no answer yet"
        return (mysqld.up("wait", why, Wait(), mysqld.start_deadline, goal),)
    return mark


def _start(mysqld: Mysqld, goal: MysqldState) -> Action:
    why = f"no server runs on {mysqld.datadir}"
    command = Command(mysqld.command("onestart"), mysqld.start_deadline)
    return mysqld.up("start", why, command, mysqld.start_deadline, Present(goal))


def _mark(mysqld: Mysqld, wished: MysqldState) -> Action:
    path = f"{mysqld.datadir}/{MARKER}"
    effect = Write(path, f"{wished.identity}\n", "0640", "mysql:mysql")
    return mysqld.up("mark", f"the data are those of {wished.identity}", effect)


def _stop(mysqld: Mysqld, seen: MysqldState) -> Action:
    return stop(mysqld.id, seen, mysqld.command("onestop"), mysqld.stop_deadline)
