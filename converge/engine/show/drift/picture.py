"""The dependency graph of one node as inline SVG: layers from top to bottom, needs first."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from converge.core.drift import Standing
from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.engine.show.drift.style import KINDS
from converge.engine.show.drift.words import LOST, MARKS, WORDS, plain
from converge.engine.show.graph import layers

WIDTH, HEIGHT, GAP_X, GAP_Y, EDGE = 186, 26, 12, 26, 4
"""Of a box, between boxes, around all of them."""

COLUMNS = 3
LETTERS = 22
"""What fits into a box; all of it is in its title."""

Place = tuple[int, int]


def picture(graph: Graph, node: str, standings: Mapping[str, Standing]) -> str:
    """`standings` by `kind.name`. It is described in words for those who do not see it."""
    at = _places(graph, node)
    width = COLUMNS * (WIDTH + GAP_X) - GAP_X + 2 * EDGE
    height = max((y for _, y in at.values()), default=0) + HEIGHT + EDGE
    lines = [_line(at[need], at[id]) for id in at for need in sorted(graph.needs[id])]
    boxes = [_box(at[id], str(id.ref), standings.get(str(id.ref))) for id in at]
    title = escape(f"What needs what on {node}, and how each stands")
    return (
        f'<svg role="img" aria-label="{title}" viewBox="0 0 {width} {height}">'
        f"{''.join(lines)}{''.join(boxes)}</svg>"
    )


def _places(graph: Graph, node: str) -> dict[ResourceId, Place]:
    at: dict[ResourceId, Place] = {}
    line = 0
    for layer in layers(graph, node):
        for n, id in enumerate(layer):
            row = n // COLUMNS
            empty = COLUMNS - min(COLUMNS, len(layer) - row * COLUMNS)
            x = EDGE + n % COLUMNS * (WIDTH + GAP_X) + empty * (WIDTH + GAP_X) // 2
            at[id] = (x, EDGE + (line + row) * (HEIGHT + GAP_Y))
        line += -(-len(layer) // COLUMNS)
    return at


def _line(start: Place, end: Place) -> str:
    x1, y1 = start[0] + WIDTH // 2, start[1] + HEIGHT
    x2, y2 = end[0] + WIDTH // 2, end[1]
    bend = (y1 + y2) // 2
    return f'<path d="M{x1} {y1}C{x1} {bend} {x2} {bend} {x2} {y2}"/>'


def _box(at: Place, ref: str, one: Standing | None) -> str:
    x, y = at
    kind, sign, said = "plain", " ", "not looked at"
    if one:
        kind, sign = ("bad", LOST) if one.lacking else (KINDS[one.status], MARKS[one.status])
        said = f"{WORDS[one.status]}; {one.glance}"
    title, label = escape(plain(f"{ref}: {said}")), escape(f"{sign} {_short(plain(ref))}")
    return (
        f'<g class="{kind}"><title>{title}</title>'
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="5"/>'
        f'<text x="{x + 7}" y="{y + 17}">{label}</text></g>'
    )


def _short(ref: str) -> str:
    """Both ends of a name say more than its beginning."""
    if len(ref) <= LETTERS:
        return ref
    kind = ref.partition(".")[0] + "."
    return kind + ".." + ref[-(LETTERS - len(kind) - 2) :]
