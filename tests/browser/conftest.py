"""The pairs of the command line's tests, for pages made of them."""

from tests.cli.conftest import _plain_surroundings, _settled, pair

__all__ = ["_plain_surroundings", "_settled", "pair"]
