"""A label and the words beside it, folded at 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

WIDTH = 80
LABEL = 12


def labelled(label: str, paragraphs: Iterable[str]) -> Iterator[str]:
    """The label once, and beside it a paragraph each; nothing where there is none."""
    for n, words in enumerate(paragraphs):
        yield from textwrap.wrap(
            words,
            WIDTH,
            initial_indent=("" if n else label).ljust(LABEL),
            subsequent_indent=" " * (LABEL + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
