"""Asking a person for a yes."""

from __future__ import annotations

import sys

import click

from converge.core.errors import UsageError


def agreed(question: str, advice: str, *, no_input: bool) -> bool:
    """Ask on a terminal; elsewhere somebody must have said yes, and `advice` tells how."""
    if no_input or not sys.stdin.isatty():
        raise UsageError(f"there is nobody to ask: {advice}")
    return click.confirm(question, default=False, err=True)
