"""An immutable mapping: what every part of a world is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Table(Mapping[K, V], Generic[K, V]):
    """An immutable mapping that can be hashed."""

    __slots__ = ("_data", "_hash")

    def __init__(self, data: Mapping[K, V] | None = None) -> None:
        self._data: dict[K, V] = dict(data or {})
        self._hash: int | None = None

    def __getitem__(self, key: K) -> V:
        return self._data[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._data.items()))
        return self._hash

    def __repr__(self) -> str:
        return f"Table({self._data!r})"

    def put(self, key: K, value: V) -> Table[K, V]:
        """The same with `key` set to `value`."""
        return Table({**self._data, key: value})

    def drop(self, *keys: K) -> Table[K, V]:
        """The same without `keys`."""
        return Table({k: v for k, v in self._data.items() if k not in keys})
