"""Kind `mount`: the right device on a mount point, or an empty sealed directory, never else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from converge.core import found
from converge.core.check import Asked, Check, Found, ok, wrong
from converge.core.guard import Guard, Situation
from converge.core.host import Answer, Command, Read, Run
from converge.core.ids import Ref, ResourceId
from converge.core.plan import Action, Allow, Change, Direction, Refuse, Rung, Verdict
from converge.core.resource import Around, Discovery, Implied, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish

FSTAB = "/etc/fstab"
DevicePath = Annotated[str, Field(pattern=r"^/\S+$")]


@dataclass(frozen=True)
class MountState(State):
    """What is mounted there; an empty `device` is nothing.

    A directory that is not mounted is sealed (mode 0, flag schg), so that nobody can write into
    it by mistake: a database server would make a new database there (F46).
    """

    device: str
    sealed: bool = field(default=True, compare=False)
    occupied: bool = field(default=False, compare=False)

    @property
    def active(self) -> bool:
        return bool(self.device)

    @property
    def glance(self) -> str:
        if self.device:
            return f"{self.device} mounted"
        return "not mounted, not empty" if self.occupied else "not sealed"


def parse_mounts(text: str) -> dict[str, str]:
    """Device by mount point, from `mount -p`; of two on one point the upper one."""
    lines = (line.split() for line in text.splitlines())
    return {words[1]: words[0] for words in lines if len(words) > 1}


def parse_seal(answer: Answer) -> bool | None:
    """Is the directory sealed, from `stat -f "%Lp %Sf"`? None: the answer does not say."""
    if answer.code != 0:
        return False if answer.said.endswith("No such file or directory") else None
    found = re.fullmatch(r"([0-7]+) (\S+)\n", answer.stdout)
    if not found:
        return None
    return int(found[1], 8) == 0 and "schg" in found[2].split(",")


def fstab(device: str, path: str, here: Asked, there: Asked | None) -> Found:
    """What fstab(5) mounts at boot comes before hastd: the boot stops at a shell (rcorder(8))."""
    rows = (line.partition("#")[0].split() for line in here.answers[0].stdout.splitlines())
    for row in [row for row in rows if len(row) > 3 and (row[0] == device or row[1] == path)]:
        if "noauto" not in row[3].split(","):
            seen = f"{FSTAB} mounts {row[0]} on {row[1]} at boot, before hastd runs"
            return wrong(f"{seen}: the boot stops there", f"take the line out of {FSTAB}")
    return ok(f"{FSTAB} leaves {path} alone")


def mount_point_in_use(action: Action, situation: Situation) -> Verdict:
    """Refuses to seal a mount point in which files are: whoever uses them would be locked out
    (F46).

    Seen: `ls -A` of the mount point, while nothing is mounted on it.
    To do: Look at what is in it, and move it away.
    Shown: scenarios/mysqld/started-on-an-unsealed-directory.txt
    """
    seen = situation.snapshot.observed.get(action.id)
    if action.verb not in ("make", "seal") or not isinstance(seen, Present):
        return Allow()
    if not seen.state.occupied:
        return Allow()
    path = action.id.name
    why = f"{path} is not empty, and nothing is mounted on it"
    return Refuse("mount-point-in-use", why, f"look at what is in {path}, and move it away")


class Mount(Resource[MountState]):
    """A UFS mounted where the table is named after, for example [mount."/hast/test"]."""

    kind: ClassVar[str] = "mount"
    guards: ClassVar[tuple[Guard, ...]] = (Guard("mount-point-in-use", mount_point_in_use),)
    headline: ClassVar[bool] = True
    agrees: ClassVar[Mapping[str, str]] = {"device": "after a failover other data would be there"}

    device: Ref | DevicePath = Field(
        description="What is mounted: a HAST resource like hast.test, or the path of a device."
    )
    fstype: Literal["ufs"] = Field(default="ufs", description="The only kind there is.")
    options: tuple[str, ...] = Field(
        default=("rw",),
        min_length=1,
        description="Options of mount(8), used when it is mounted; a later change waits for the "
        "next mount. force is not taken: what is not clean is checked first.",
    )

    force: bool = Field(
        default=True,
        description="Whether it is unmounted by force in the end, where somebody else keeps it "
        "busy and this node must give it up. Only when its server has been stopped.",
    )

    @field_validator("id")
    @classmethod
    def _absolute(cls, id: ResourceId) -> ResourceId:
        if not re.fullmatch(r"(/(?!\.{1,2}(/|$))[^/\s]+)+", id.name):
            raise ValueError(
                'a mount is named after its directory: an absolute path, like [mount."/hast/test"]'
            )
        return id

    @field_validator("options")
    @classmethod
    def _harmless(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        for option in options:
            if option == "force" or not re.fullmatch(r"[a-z0-9][a-z0-9=_.]*", option):
                raise ValueError(f"{option!r} is not an option that can be taken: see mount(8)")
        return options

    def _filesystem(self) -> str:
        return self.device.name if isinstance(self.device, Ref) else self.device

    def needed(self, around: Around) -> Iterator[Ref]:
        yield from self.needs
        yield Ref(f"filesystem.{self._filesystem()}")

    def claims(self) -> tuple[str, ...]:
        return (f"the mount point {self.id.name}", f"what is on {self.device}")

    def implied(self, around: Around) -> Iterator[Implied]:
        yield Implied("filesystem", self._filesystem(), {"device": self.device})

    def offers(self) -> dict[str, str]:
        """`device` may be a reference: what that one offers as `device` is the path."""
        return {"path": self.id.name, "device": self.device}

    def _device(self, around: Around) -> str:
        if isinstance(self.device, Ref):
            return around.offer(self.device, "device")
        return self.device

    def want(self, view: View) -> Wish[MountState]:
        return Present(MountState(self._device(view.around)))

    def look(self, around: Around) -> Look[MountState]:
        path = self.id.name
        mounts = yield Run(("mount", "-p"))
        if mounts.code != 0:
            return Unknown(mounts.said)
        found, wished = parse_mounts(mounts.stdout), self._device(around)
        if path in found:
            return Present(MountState(found[path]))
        elsewhere = next((other for other in sorted(found) if found[other] == wished), "")
        if elsewhere:
            # Who mounted it there may need it; here it would be `Device busy`.
            return Unknown(
                f"{wished} is mounted on {elsewhere}; if nobody needs it there, umount it"
            )
        answer = yield Run(("stat", "-f", "%Lp %Sf", path))
        sealed = parse_seal(answer)
        if sealed is None:
            return Unknown(f"stat {path}: {answer.said}")
        if sealed:
            return Absent()
        held = yield Run(("ls", "-A", path))
        occupied = held.code == 0 and bool(held.stdout.strip())
        return Present(MountState("", sealed=False, occupied=occupied))

    def checks(self, around: Around) -> Iterator[Check]:
        if isinstance(self.device, Ref):
            device = around.offer(self.device, "device")
            yield Check("fstab", (Read(FSTAB),), partial(fstab, device, self.id.name))

    @classmethod
    def discover(cls) -> Discovery:
        tables = []
        for line in (yield Run(("mount", "-p"))).stdout.splitlines():
            device, path, _, options, *_ = [*line.split(), *[""] * 4]
            name = device.removeprefix("/dev/hast/")
            if name != device and path.startswith("/"):
                table: dict[str, object] = {"device": f"hast.{name}"}
                table |= {"options": options.split(",")} if options != "rw" else {}
                tables.append(found.Found("mount", path, table))
        nothing = "Nothing of /dev/hast is mounted there: where it is mounted, the primary shows."
        return tuple(tables) or (found.Found("mount", "", remarks=(nothing,)),)

    def actions(self, change: Change) -> tuple[Action, ...]:
        seen = change.observed.state if isinstance(change.observed, Present) else None
        if not isinstance(change.wish, Present):
            if seen is None:
                return ()
            if not seen.device:
                return self._sealing(Direction.DOWN)
            act = self._unmount(f"{seen.device} is mounted here, and is not wished here")
            return (replace(act, rungs=self._harder()),)
        wished = change.wish.state.device
        before: tuple[Action, ...] = ()
        if seen and seen.device:
            why = f"{seen.device} is mounted here, wished is {wished}"
            before = (replace(self._unmount(why), returns=True),)
        elif seen and not seen.occupied:
            before = self._sealing(Direction.UP)
        options = () if self.options == ("rw",) else ("-o", ",".join(self.options))
        argv = ("mount", "-t", self.fstype, *options, wished, self.id.name)
        return (*before, self.up("mount", f"{wished} is not mounted here", Command(argv), 5.0))

    def _unmount(self, why: str) -> Action:
        # Its exit code is true (umount-busy, umount-not-mounted). Flushing may wait for HAST's
        # silent peer. Never -f at first: it takes the files away from under whoever uses them
        # (fact 15).
        path = self.id.name
        return self.down("unmount", why, Command(("umount", path), deadline_s=60.0))

    def _harder(self) -> tuple[Rung, ...]:
        """It must go: the address is elsewhere, and the other node waits for this copy. Whoever
        still uses the files has had his time (F48)."""
        path = self.id.name
        if not self.force:
            return ()
        return (
            Rung(f"{path} is in use: once more", Command(("umount", path), 60.0)),
            Rung(f"{path} is still in use: by force", Command(("umount", "-f", path), 60.0)),
        )

    def _sealing(self, direction: Direction) -> tuple[Action, ...]:
        path, act = self.id.name, self.down if direction is Direction.DOWN else self.up
        make = Command(("install", "-d", "-m", "000", path))
        why = "anybody could write below the mount point while nothing is mounted"
        return (
            act("make", why, make),
            act("seal", why, Command(("chflags", "schg", path)), 5.0, Absent()),
        )
