"""Kernel modules: loaded and compiled in are both there; loading is asked for once."""

from typing import Any

import pytest
from pydantic import ValidationError

from converge.core.host import Answer, Command
from converge.core.plan import Action, Direction
from converge.core.state import Absent, Present, Unknown
from converge.freebsd.kernel_module import KernelModule, KernelModuleState
from tests.freebsd.around import Neighbours, Surroundings, change, made
from tests.looking import see
from tests.recorded import recording, recordings

AROUND = Surroundings()
LOADED = Present(KernelModuleState())

ASKED = sorted(n for n, one in recordings().items() if one.cmd.startswith("kldstat -q -m"))


def look(module: KernelModule, answer: Answer) -> Any:
    query = next(module.look(AROUND))
    return see(module, AROUND, {str(query): answer})


def act(module: KernelModule) -> tuple[Action, ...]:
    return module.actions(change(module, Absent(), module.want(Neighbours(AROUND))))


@pytest.mark.parametrize("name", ASKED)
def test_asks_and_understands_as_recorded(name: str) -> None:
    one = recording(name)
    module = made(KernelModule, "x", module=one.cmd.split()[-1])
    assert str(next(module.look(AROUND))) == one.cmd
    assert look(module, one.answer) == (Absent() if one.rc else LOADED)


def test_there_are_recordings_of_all_three_cases() -> None:
    assert {recording(name).rc for name in ASKED} == {0, 1}
    assert "compiledin-kldstat-q-m-carp" in ASKED


@pytest.mark.parametrize(
    ("name", "module", "file"),
    [
        ("carp", "carp", "carp"),
        ("if_carp", "carp", "if_carp"),
        ("geom_gate", "g_gate", "geom_gate"),
        ("ufs", "ufs", "ufs"),
    ],
)
def test_knows_the_name_in_the_kernel_and_that_of_the_file(
    name: str, module: str, file: str
) -> None:
    one = made(KernelModule, name)
    assert str(next(one.look(AROUND))) == f"kldstat -q -m {module}"
    (action,) = act(one)
    assert action.effect == Command(("kldload", "-n", file))
    (brought,) = one.implied(AROUND)
    assert (brought.kind, brought.name) == ("setting", f"{file}_load")
    assert brought.table == {"file": "/boot/loader.conf", "value": "YES"}


def test_the_command_is_the_recorded_one_that_may_be_repeated() -> None:
    (action,) = act(made(KernelModule, "carp"))
    assert str(action.effect) == recording("kldload-n-carp-already-loaded").cmd
    assert recording("compiledin-kldload-n-carp").rc == 0
    assert (action.verb, action.direction) == ("load", Direction.UP)
    assert "no module carp" in action.why


def test_another_answer_is_unknown() -> None:
    seen = look(made(KernelModule, "carp"), Answer(64, "", "usage: kldstat [-h]"))
    assert isinstance(seen, Unknown)
    assert "usage" in seen.why


def test_it_is_never_unloaded() -> None:
    module = made(KernelModule, "carp")
    assert module.actions(change(module, LOADED, Absent())) == ()


def test_names_and_boot_may_be_written_out() -> None:
    module = made(KernelModule, "mine", module="g_x", file="geom_x", boot=False)
    assert str(next(module.look(AROUND))) == "kldstat -q -m g_x"
    assert list(module.implied(AROUND)) == []


@pytest.mark.parametrize(
    ("name", "table"),
    [("carp.ko", {}), ("a b", {}), ("/boot/x", {}), ("x", {"file": "a.ko"}), ("x", {"boot": "y"})],
)
def test_what_is_no_module_is_refused(name: str, table: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(KernelModule, name, **table)
