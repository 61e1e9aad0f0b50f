"""Steps on a simulated HAST pair: run a command, write a file, cut the network, look."""

from dataclasses import replace
from functools import cache

from converge.lab import machine
from converge.lab.fresh import recorded_pair
from converge.lab.hast import storage, syncing
from converge.lab.machine import boot
from converge.lab.shell import sh
from converge.lab.world import File, HastResource, Table, Ufs, World

DEVICE = "/dev/hast/test"
WIRES = frozenset({("lan", "hasta", "hastb"), ("lan", "hastb", "hasta")})


def do(world: World, node: str, line: str, code: int = 0) -> World:
    """Run a line; it must end with `code`. The world after the time that it took."""
    result = sh(world, node, line)
    assert not result.answer.lost, result.answer.lost
    assert result.answer.code == code, result.answer
    return result.world


def said(world: World, node: str, line: str) -> str:
    """What a line prints on stdout."""
    return sh(world, node, line).answer.stdout


def after(world: World, seconds: float) -> World:
    return machine.advance(world, world.now + seconds)


def resource(world: World, node: str, name: str = "test") -> HastResource:
    hastd = world.machine(node).hastd
    assert hastd is not None
    return hastd.resources[name]


def state(world: World, node: str, name: str = "test") -> str:
    """Role and status as `hastctl status` shows them: 'primary complete'."""
    words = said(world, node, f"hastctl status {name}").splitlines()[1].split()
    return f"{words[2]} {words[1]}"


def dirty(world: World, node: str, name: str = "test") -> int:
    """Dirty MB as `hastctl list` counts them."""
    return syncing.dirty(world, resource(world, node, name)) * 2


def has_device(world: World, node: str, path: str = DEVICE) -> bool:
    return path in storage.device_nodes(world, node)


def write(world: World, node: str, device: str = DEVICE, **files: str) -> tuple[World, float]:
    """Write files (name=text) into the file system on a device; how long it stalls."""
    found = storage.device(world, node, device)
    assert found is not None
    ufs = found.ufs or Ufs()
    changed = {**ufs.files, **{name: File(text) for name, text in files.items()}}
    world, stall_s = storage.write(world, node, device, replace(ufs, files=Table(changed)))
    return machine.react(world), stall_s


def fill(world: World, node: str, megabytes: int, name: str = "big") -> World:
    """Write one big file."""
    ufs = shown(world, node)
    files = ufs.files.put(name, File(zeros=megabytes * 1024 * 1024))
    world, _ = storage.write(world, node, DEVICE, replace(ufs, files=files))
    return machine.react(world)


def shown(world: World, node: str, path: str = DEVICE) -> Ufs:
    """The file system that a device shows."""
    found = storage.device(world, node, path)
    assert found is not None
    assert found.ufs is not None
    return found.ufs


def content(world: World, node: str) -> Ufs:
    """The file system on the local component of `test`, below HAST."""
    ufs = world.machine(node).disks["/dev/vtbd1"].ufs
    assert ufs is not None
    return ufs


def text(world: World, node: str, name: str, disk: str = "/dev/vtbd1") -> str | None:
    """A file as it lies on a local disk, below HAST."""
    ufs = world.machine(node).disks[disk].ufs
    file = None if ufs is None else ufs.files.get(name)
    return None if file is None else file.text


def cut(world: World) -> World:
    """Packets between the nodes are lost; the carriers stay."""
    return machine.react(replace(world, cuts=WIRES))


def heal(world: World) -> World:
    return machine.react(replace(world, cuts=frozenset()))


def plug_pulled(world: World, node: str) -> World:
    return machine.react(boot.power_off(world, node))


def moment(world: World, node: str, wanted: str, within: float, name: str = "test") -> float:
    """Seconds from now until the node's state is `wanted`; the test fails if it never is."""
    start = world.now
    while world.now - start <= within:
        if state(world, node, name) == wanted:
            return world.now - start
        world = after(world, 0.1)
    raise AssertionError(f"{node} is not {wanted} within {within} s: {state(world, node, name)}")


def log(world: World, node: str, file: str = "messages") -> str:
    found = world.machine(node).files.get(f"/var/log/{file}")
    return "" if found is None else found.text


def hooks(world: World, node: str) -> list[str]:
    return [" ".join(words) for _, words in world.machine(node).hooks]


def dump(world: World, node: str, name: str = "test") -> dict[str, str]:
    """`hastctl dump` as a table."""
    lines = said(world, node, f"hastctl dump {name}").splitlines()
    return {key: value for key, value in (line.strip().split(": ", 1) for line in lines)}


def with_conf(world: World, extra: str, node: str = "") -> World:
    """Both machines' hast.conf with something put in front, read by a reload, and connected."""
    for name in sorted(world.machines) if not node else [node]:
        files = world.machine(name).files
        old = files["/etc/hast.conf"]
        new = replace(old, text=extra + "\n" + old.text)
        world = world.change(name, files=files.put("/etc/hast.conf", new))
        world = do(world, name, "service hastd reload")
    return after(world, 45.0)


@cache
def paired() -> World:
    """hasta primary, hastb secondary, connected, a new file system on the device."""
    world = do(recorded_pair(), "hastb", "hastctl role secondary test")
    world = after(do(world, "hasta", "hastctl role primary test"), 1.0)
    world, _ = storage.write(world, "hasta", DEVICE, Ufs())
    world, _ = write(world, "hasta", old="old")
    return after(machine.react(world), 100.0)
