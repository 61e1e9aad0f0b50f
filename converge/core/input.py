"""What a pass was decided upon, to be decided again. A value; the file is kept in hosts/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from converge.core.host import Reader
from converge.core.journal import Json
from converge.core.ledger import Ledger, Now
from converge.core.ways import Path


@dataclass(frozen=True, slots=True)
class Given:
    """All that went into a plan beside the code.

    `decision` is a digest of what was decided: the same decision is kept once. `desired` is the
    file's text without secrets, `digest` that of what it wishes. `ledger` is what was remembered
    before the look, `began_s` and `now` when that began and when it was decided. `lifted`: codes
    of guards that a person lifted. `plan`: what was decided, to compare with.
    """

    decision: str
    digest: str
    desired: str
    version: str
    trigger: str
    acting: tuple[str, ...]
    taken: datetime
    now: Now
    began_s: float | None
    ledger: Ledger
    lifted: tuple[str, ...] = ()
    paths: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    readers: Mapping[str, Reader] = field(default_factory=dict)
    plan: Mapping[str, Json] = field(default_factory=dict)
    left_out: str = ""
