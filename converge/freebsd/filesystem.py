"""Kind `filesystem`: a UFS that is known to be clean. It is checked here, and never made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converge.core.duration import Duration
from converge.core.guard import Guard, Situation, never
from converge.core.host import Answer, Command, Run
from converge.core.ids import Ref, ResourceId
from converge.core.plan import Action, Allow, Change, Refuse, Verdict
from converge.core.resource import Around, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish, glance_of, is_active

DevicePath = Annotated[str, Field(pattern=r"^/\S+$")]


@dataclass(frozen=True)
class FilesystemState(State):
    """`clean`: it may be mounted, or it is; only then. A mounted one is never checked (F47).

    A device that is there but `silent` counts as not clean: what is on it cannot be read, and
    nothing can stand on it, so going down need not wait for it (F31).
    """

    clean: bool
    device: str = field(default="", compare=False)
    mounted: bool = field(default=False, compare=False)
    silent: bool = field(default=False, compare=False)

    @property
    def active(self) -> bool:
        return self.clean

    @property
    def glance(self) -> str:
        return "silent" if self.silent else "clean" if self.clean else "not clean"


def parse_mounted_devices(text: str) -> frozenset[str]:
    """What is mounted, from `mount -p`."""
    return frozenset(line.split()[0] for line in text.splitlines() if line.strip())


def parse_superblock(text: str) -> bool | None:
    """Is it marked clean, from `dumpfs DEVICE`? None: the text does not say (dirty-dumpfs)."""
    clean = re.search(r"(?m)\bclean\t(\d)", text)
    flags = re.search(r"(?m)^flags\t(.*)$", text)
    if not clean or not flags:
        return None
    return clean[1] == "1" and not {"needs-fsck-run", "unclean"} & set(flags[1].split())


def checked_first(base: ResourceId, action: Action, situation: Situation) -> Verdict:
    """Only a file system that is known to be clean is mounted and served from (F45, F47, F58).

    Seen: The superblock of the file system (`fsck_ufs -F`, `dumpfs`), right before the action.
    To do: Let a person run fsck with the file system unmounted, and read what it says. The peer
    has the same bytes: a failover does not mend them.
    Shown: scenarios/without/fsck-failed-blocks-mount.txt
    """
    seen = situation.snapshot.observed.get(base)
    if situation.planning or (seen is not None and is_active(seen)):
        return Allow()
    how = glance_of(seen)
    why = f"{base} is {how}, and {action.id} stands on it"
    lift = "let a person run fsck, with the file system unmounted, and read what it says"
    return Refuse("fsck-failed-blocks-mount", why, lift)


class Filesystem(Resource[FilesystemState]):
    """A file system that is checked before it may be mounted. `mount` brings it along."""

    kind: ClassVar[str] = "filesystem"
    guards: ClassVar[tuple[Guard, ...]] = (
        Guard("fsck-failed-blocks-mount", never, ("S4", "S6"), checked_first),
    )

    device: Ref | DevicePath = Field(
        description="Where it is: a HAST resource like hast.test, or the path of a device."
    )
    fstype: Literal["ufs"] = Field(default="ufs", description="The only kind there is.")
    check_deadline: Duration = Field(
        default=1800.0,
        description="How long fsck -p may take. A big file system without a journal needs long.",
    )

    def needed(self, around: Around) -> Iterator[Ref]:
        yield from self.needs
        if isinstance(self.device, Ref):
            yield Ref(f"hast_device.{self.device.name}")

    def want(self, view: View) -> Wish[FilesystemState]:
        return Present(FilesystemState(clean=True, device=self._device(view.around)))

    def look(self, around: Around) -> Look[FilesystemState]:
        device = self._device(around)
        mounts = yield Run(("mount", "-p"))
        if mounts.code != 0:
            return Unknown(mounts.said)
        if device in parse_mounted_devices(mounts.stdout):
            return Present(FilesystemState(clean=True, device=device, mounted=True))
        # The same question as that of hast_device, so it is asked once.
        argv = ("dd", f"if={device}", "of=/dev/null", "bs=512", "count=1")
        answer = yield Run(argv, deadline_s=3.0, silence_speaks=True)
        if answer.lost:
            return (yield from self._silent(device, answer))
        if answer.code != 0:
            missing = answer.said.endswith("No such file or directory")
            return Absent() if missing else Unknown(answer.said)
        answer = yield Run(("fsck_ufs", "-F", device))
        if answer.code in (0, 7):
            return Present(FilesystemState(answer.code == 7, device))
        if answer.code in (4, 5, 6):
            # With a journal, or without soft updates, -F does not tell (fsck_ffs/main.c).
            return (yield from self._superblock(device))
        if answer.code == 3 and "superblock" in answer.said:
            return Unknown(f"there is no UFS on {device}; newfs is never planned, it is yours")
        return Unknown(f"fsck_ufs -F {device}: {answer.said}")

    def _silent(self, device: str, answer: Answer) -> Look[FilesystemState]:
        node = yield Run(("test", "-c", device))
        if node.code == 0:
            return Present(FilesystemState(clean=False, device=device, silent=True))
        return Unknown(f"{device} gave no answer: {answer.lost}", self._until())

    def _superblock(self, device: str) -> Look[FilesystemState]:
        answer = yield Run(("dumpfs", device), deadline_s=60.0)
        clean = parse_superblock(answer.stdout) if answer.code == 0 else None
        if clean is None:
            return Unknown(f"dumpfs {device} does not say whether it is clean: {answer.said}")
        return Present(FilesystemState(clean, device))

    def _device(self, around: Around) -> str:
        if isinstance(self.device, Ref):
            return around.offer(self.device, "device")
        return self.device

    def _until(self) -> ResourceId | None:
        if isinstance(self.device, Ref):
            return self.near("hast_device", self.device.name)
        return None

    def actions(self, change: Change) -> tuple[Action, ...]:
        seen, wish = change.observed, change.wish
        if not isinstance(wish, Present) or not isinstance(seen, Present) or seen.state.silent:
            # It comes and goes with its device.
            return ()
        why = "the superblock says that it was not cleanly unmounted"
        # Only exit code 0 is good; 8 and 16 need a person. Beside -p a -y would change nothing.
        argv = ("fsck", "-p", "-t", self.fstype, wish.state.device)
        return (self.up("check", why, Command(argv, self.check_deadline), settle_s=5.0),)
