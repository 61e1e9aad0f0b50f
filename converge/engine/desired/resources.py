"""The tables of kinds, `[KIND.NAME]` and `[node.NODE.KIND.NAME]`, as resources of each node."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache, partial
from typing import Any

from converge.core.desired import Keys
from converge.core.errors import near
from converge.core.ids import Ref, ResourceId
from converge.core.resource import Resource
from converge.core.secret import Secret
from converge.engine.desired.checked import Place, always_secret, checked, fields_of
from converge.engine.desired.toml import Notes, Table

Kinds = Mapping[str, type[Resource[Any]]]
Read = Callable[[str], str | None]
Resources = dict[ResourceId, Resource[Any]]

WRITTEN = '"the text itself", or { file = "/path/of/a/file/with/nothing/else/in/it" }'


def read_resources(
    table: Table,
    nodes: Sequence[str],
    kinds: Kinds,
    notes: Notes,
    read: Read,
    doubted: Collection[str] = (),
) -> Resources:
    """Every resource of every node, in the order of their ids; those that are wrong are noted.

    `doubted` are kinds whose shared tables are misspelt, so that what a node lays over them
    cannot be judged.
    """
    found: Resources = {}
    open_once = cache(read)
    for name, kind in sorted(kinds.items()):
        shared = _named(table.get(name), (name,), notes)
        for node in nodes:
            own = _named(_below(table, "node", node, name), ("node", node, name), notes)
            for one in sorted({*shared, *own}):
                id = ResourceId(node, name, one)
                if one not in shared and (
                    name in doubted or _over_nothing(kind, id, own[one], shared, notes)
                ):
                    continue
                whole, place = _merged(id, shared.get(one), own.get(one))
                _check_references(kind, whole, place, kinds, notes)
                opened = _open_secrets(kind, whole, place, notes, open_once)
                made = checked(kind, whole, place, notes, extra={"id": asdict(id)})
                if made is not None:
                    _check_chosen(made, place, kinds, notes)
                    found[id] = made.model_copy(update=_as_secrets(made, opened))
    return dict(sorted(found.items()))


def secrets_of(resources: Resources) -> tuple[Secret, ...]:
    """Every secret in a field, once, for whoever has to keep them out of what is shown."""
    values = (
        getattr(one, name)
        for one in resources.values()
        for name in sorted(fields_of(type(one), Secret))
    )
    found = {value.value: value for value in values if isinstance(value, Secret)}
    return tuple(found[text] for text in sorted(found))


def _below(table: Any, *keys: str) -> Any:
    """What is there, if it is there; that it is a table is checked where it is read."""
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table


def _named(bodies: Any, way: Keys, notes: Notes) -> dict[str, Table]:
    """The tables of one kind by their names."""
    header = ".".join(map(str, way))
    if bodies is None:
        return {}
    if not isinstance(bodies, dict):
        notes.stray(way, f"expected tables with names, [{header}.NAME]")
        return {}
    for name, body in bodies.items():
        if not isinstance(body, dict):
            notes.stray((*way, name), f"a table of this kind has a name: [{header}.NAME]")
            return {}
        if not name or not name.isprintable() or name != name.strip():
            notes.stray((*way, name), "a name is printable and has no blanks around it")
        elif "id" in body:
            notes.stray((*way, name, "id"), 'there is no key "id" here: the name is in the header')
    return {
        name: {key: value for key, value in body.items() if key != "id"}
        for name, body in bodies.items()
    }


def _over_nothing(
    kind: type[Resource[Any]],
    id: ResourceId,
    own: Table,
    shared: Mapping[str, Table],
    notes: Notes,
) -> bool:
    """Is a node's table only the rest of a shared one, whose name it misspells?"""
    guess = near(id.name, shared)
    needed = {name for name, field in kind.model_fields.items() if field.is_required()} - {"id"}
    if not guess or needed <= own.keys():
        return False
    said = f"there is no table [{id.kind}.{id.name}] that this one could be laid over"
    notes.stray(("node", id.node, id.kind, id.name), said, guess=guess)
    return True


def _merged(id: ResourceId, shared: Table | None, own: Table | None) -> tuple[Table, Place]:
    """What holds on the node, key by key, and where each key stands in the file."""

    def place(at: Keys) -> Keys:
        """What stands nowhere belongs into the shared table, if there is one."""
        apart = own is not None and (shared is None or (at[:1] and at[0] in own))
        return (("node", id.node) if apart else ()) + (id.kind, id.name, *at)

    return {**(shared or {}), **(own or {})}, place


def _check_references(
    kind: type[Resource[Any]], table: Table, place: Place, kinds: Kinds, notes: Notes
) -> None:
    """A reference to a kind that is none. Whether the name is there, the graph knows."""
    for field in sorted((fields_of(kind, Ref) - fields_of(kind, str)) & table.keys()):
        for way, one in _leaves(table[field], (field,)):
            if isinstance(one, str) and "." in one:
                _check_reference(Ref(one), place(way), kinds, notes)


def _check_chosen(made: Resource[Any], place: Place, kinds: Kinds, notes: Notes) -> None:
    """The same where plain text is taken as well: what it is shows only now."""
    for field in sorted(fields_of(type(made), Ref) & fields_of(type(made), str)):
        value = getattr(made, field)
        if isinstance(value, Ref):
            _check_reference(value, place((field,)), kinds, notes)


def _check_reference(ref: Ref, at: Keys, kinds: Kinds, notes: Notes) -> None:
    if ref.kind not in kinds:
        guess = near(ref.kind, kinds)
        said = f'there is no kind "{ref.kind}" to refer to'
        notes.spoil(at, said, guess=f"{guess}.{ref.name}" if guess else "")


def _leaves(value: Any, way: Keys) -> Iterator[tuple[Keys, Any]]:
    if isinstance(value, list):
        yield from (((*way, at), one) for at, one in enumerate(value))
    else:
        yield way, value


def _open_secrets(
    kind: type[Resource[Any]], table: Table, place: Place, notes: Notes, read: Read
) -> tuple[str, ...]:
    """Put the text in the place of each `{ file = "/path" }`; the names of these fields."""
    opened = []
    for name in sorted(fields_of(kind, Secret) & table.keys()):
        if isinstance(table[name], dict):
            table[name] = _text_of(table[name], partial(_under, place, name), notes, read)
            opened.append(name)
        if isinstance(table[name], str) and (name in opened or name in always_secret(kind)):
            notes.hush(table[name])
    return tuple(opened)


def _under(place: Place, name: str, at: Keys) -> Keys:
    return place((name, *at))


def _text_of(value: Table, place: Place, notes: Notes, read: Read) -> str | None:
    path = value.get("file")
    if set(value) != {"file"} or not isinstance(path, str):
        notes.spoil(place(()), "a secret is text, or what is in a file", WRITTEN)
        return None
    if not path.startswith("/"):
        notes.spoil(place(("file",)), "the path of a secret's file begins with /", WRITTEN)
        return None
    try:
        text = read(path)
    except (OSError, UnicodeError):
        text = None
    if text is None:
        notes.spoil(place(("file",)), f"{path} does not exist on this machine or cannot be read")
        return None
    return text.removesuffix("\n").removesuffix("\r")


def _as_secrets(made: Resource[Any], opened: Sequence[str]) -> dict[str, Secret]:
    """What came from a file is secret also where the field takes plain text."""
    texts = {name: getattr(made, name) for name in opened}
    return {name: Secret(text) for name, text in texts.items() if isinstance(text, str)}
