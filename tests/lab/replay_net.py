"""Recordings of modules, interfaces, CARP, the network and system facts."""

from tests.lab.replay import Case

CASES: dict[str, Case] = {}
NOT_REPLAYED: dict[str, str] = {}
