"""Names of things: a resource on a node, and a reference to one in the desired file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_REF = re.compile(r"[a-z][a-z0-9_]*\.\S.*")


class Ref(str):
    """`kind.name` of a resource on the same node, as the desired file writes it: `carp.vip`."""

    __slots__ = ()

    @property
    def kind(self) -> str:
        return self.partition(".")[0]

    @property
    def name(self) -> str:
        return self.partition(".")[2]

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls._validated, handler(str))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "format": "reference", "examples": ["carp.vip"]}

    @classmethod
    def _validated(cls, text: str) -> Ref:
        if not _REF.fullmatch(text):
            raise ValueError("a reference is written kind.name, for example carp.vip")
        return cls(text)


@dataclass(frozen=True, order=True, slots=True)
class ResourceId:
    """One resource on one node. Prints as `hasta/hast.test`."""

    node: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.node}/{self.ref}"

    @property
    def ref(self) -> Ref:
        return Ref(f"{self.kind}.{self.name}")

    def is_twin_of(self, other: ResourceId) -> bool:
        """Is `other` the same resource on another node?"""
        return self.node != other.node and self.ref == other.ref

    def near(self, ref: str) -> ResourceId:
        """The resource that `ref` means on the node of this one."""
        kind, _, name = ref.partition(".")
        return ResourceId(self.node, kind, name)
