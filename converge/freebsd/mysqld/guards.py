"""What must not happen to data: a server on somebody else's, or a new empty database unasked."""

from __future__ import annotations

from converge.core.guard import Guard, Situation
from converge.core.plan import Action, Allow, Hold, Refuse, Verdict
from converge.core.state import Present
from converge.freebsd.mysqld.answers import MysqldState


def _seen(action: Action, situation: Situation) -> MysqldState | None:
    seen = situation.snapshot.observed.get(action.id)
    return seen.state if isinstance(seen, Present) else None


def datadir_identity(action: Action, situation: Situation) -> Verdict:
    """Refuses to serve or mark data that bear another one's mark (F46).

    Seen: The mark `converge.id` in the data directory, which says whose data these are.
    To do: Find out whose database it is. If it is ours after all, take its `converge.id` away; the
    next run marks it anew.
    Shown: scenarios/without/datadir-identity.txt
    """
    seen = _seen(action, situation)
    wished = action.wish.state.identity if isinstance(action.wish, Present) else ""
    if action.verb not in ("mark", "start") or seen is None or seen.identity in ("", wished):
        return Allow()
    why = f"the volume says that its data belong to {seen.identity}, not to {wished}"
    return Refuse("datadir-identity", why, "if they are ours, take its file converge.id away")


def no_database(action: Action, situation: Situation) -> Verdict:
    """Refuses a start where there is no database, unless `initialize = true`: the rc script would
    make a new one without a password (F46).

    Seen: The data directory on the mounted volume: no system tables are in it.
    To do: Put the database there (a backup, a dump), or write `initialize = true` into the table
    of the server to let it make an empty one.
    Shown: scenarios/without/bootstrap-consent.txt
    """
    seen = _seen(action, situation)
    asked = getattr(situation.desired(action.id), "initialize", False)
    if action.verb != "start" or seen is None or not seen.empty or asked:
        return Allow()
    why = "there is no database on the volume, and a start would make an empty one"
    return Refuse("bootstrap-consent", why, "put a database there, or set initialize = true")


def on_its_volume(action: Action, situation: Situation) -> Verdict:
    """Holds a start until the volume of its data directory is mounted: else a new database would
    be made below the mount point (F46, F55).

    Seen: `mount -p` on this node, right before the start.
    To do: Nothing, if the mount is planned before: it lifts with it. Else see why the mount is not
    there: `converge why mount.PATH`.
    Shown: scenarios/without/mounted-from-right-device.txt
    """
    seen = _seen(action, situation)
    if action.verb != "start" or situation.planning or (seen and seen.on_volume):
        return Allow()
    why = "the volume of its data directory is not mounted, and a start would make a database"
    return Hold("mounted-from-right-device", why)


GUARDS = (
    Guard("mounted-from-right-device", on_its_volume, ("S5",)),
    Guard("datadir-identity", datadir_identity, ("S5",)),
    Guard("bootstrap-consent", no_database, ("S7",)),
)
