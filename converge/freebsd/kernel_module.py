"""Kind `kernel_module`: a module that the kernel has, loaded or compiled in. Never unloaded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field, field_validator

from converge.core.host import Command, Run
from converge.core.ids import ResourceId
from converge.core.plan import Action, Change
from converge.core.resource import Around, Implied, Look, Resource, View
from converge.core.state import Absent, Present, State, Unknown, Wish

LOADER_CONF = "/boot/loader.conf"


@dataclass(frozen=True)
class KernelModuleState(State):
    """There is nothing to say of a module but that it is there."""


class KernelModule(Resource[KernelModuleState]):
    """A kernel module such as carp (if_carp before FreeBSD 10) or geom_gate."""

    kind: ClassVar[str] = "kernel_module"

    module: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_]*$",
        description="Its name inside the kernel, as kldstat -m knows it. Default: the name of "
        "this table without a leading if_; g_gate for geom_gate.",
    )
    file: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9_]*$",
        description="The file that kldload(8) loads, without .ko. Default: the name.",
    )
    boot: bool = Field(
        default=True,
        description="Also load it at boot: FILE_load in /boot/loader.conf.",
    )

    @field_validator("id")
    @classmethod
    def _loadable(cls, id: ResourceId) -> ResourceId:
        if not re.fullmatch(r"[A-Za-z0-9_]+", id.name):
            raise ValueError("a module is named by one plain word, without .ko: carp, geom_gate")
        return id

    @property
    def _module(self) -> str:
        names = {"geom_gate": "g_gate"}  # recording kldstat-q-m-geom_gate-loaded
        return self.module or names.get(self.id.name, self.id.name.removeprefix("if_"))

    @property
    def _file(self) -> str:
        return self.file or self.id.name

    def implied(self, around: Around) -> Iterable[Implied]:
        if self.boot:
            table = {"file": LOADER_CONF, "value": "YES"}
            yield Implied("setting", f"{self._file}_load", table)

    def want(self, view: View) -> Wish[KernelModuleState]:
        return Present(KernelModuleState())

    def look(self, around: Around) -> Look[KernelModuleState]:
        # By module: by file, what is compiled in is not found (recording compiledin-kldstat-*).
        answer = yield Run(("kldstat", "-q", "-m", self._module))
        if answer.code == 0:
            return Present(KernelModuleState())
        return Absent() if answer.code == 1 else Unknown(f"kldstat: {answer.said}")

    def actions(self, change: Change) -> tuple[Action, ...]:
        if not isinstance(change.wish, Present):
            return ()
        why = f"the kernel has no module {self._module}"
        return (self.up("load", why, Command(("kldload", "-n", self._file))),)
