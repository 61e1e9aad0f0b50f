"""The network of the pair in one place: reachability (links) and CARP (carp)."""

from __future__ import annotations

from converge.lab.net.carp import TIMERS, react
from converge.lab.net.links import owner, reaches, talks

__all__ = ["TIMERS", "owner", "reaches", "react", "talks"]
