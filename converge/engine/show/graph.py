"""The dependency graph as text, dot, mermaid and svg; with `marks` coloured by its state."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from converge.core.graph import Graph
from converge.core.ids import ResourceId
from converge.engine.show.marks import BLOCKED, IN_SYNC, UNKNOWN, Paint

Marks = Mapping[ResourceId, str]

FILL = {IN_SYNC: "#d6f0d6", UNKNOWN: "#d7ebf5", BLOCKED: "#f8d4d4"}
OTHER = "#fbe9c3"
"""Background of what differs and will be changed."""


def _fill(marks: Marks, id: ResourceId) -> str:
    return FILL.get(marks[id], OTHER) if id in marks else "#f4f4f4"


def _label(marks: Marks, id: ResourceId) -> str:
    return f"{marks[id]} {id.ref}" if id in marks else str(id.ref)


def _nodes(graph: Graph) -> list[str]:
    return sorted({id.node for id in graph.order})


def _mine(graph: Graph, node: str) -> list[ResourceId]:
    return [id for id in graph.order if id.node == node]


def text(graph: Graph, marks: Marks, paint: Paint) -> str:
    """A line a resource, needs first: `hast.test  <- carp.vip, service.hastd`."""
    lines: list[str] = []
    for node in _nodes(graph):
        lines.append(paint("bold", node))
        width = max(len(_label(marks, id)) for id in _mine(graph, node))
        for id in _mine(graph, node):
            label = _label(marks, id).ljust(width)
            if id in marks:
                label = paint(marks[id], label[0]) + label[1:]
            needs = ", ".join(str(need.ref) for need in sorted(graph.needs[id]))
            needs = f"  <- {needs}" if needs else ""
            by = f"  (by {graph.implied_by[id].ref})" if id in graph.implied_by else ""
            lines.append(f"  {label}{needs}{paint('dim', by) if by else ''}".rstrip())
    return "\n".join(lines) + "\n"


def dot(graph: Graph, marks: Marks) -> str:
    """Graphviz; an arrow points from what is needed to what needs it."""
    lines = ["digraph converge {", "  rankdir=TB;", '  node [shape=box, style="rounded,filled"];']
    for n, node in enumerate(_nodes(graph)):
        lines.append(f"  subgraph cluster_{n} {{")
        lines.append(f"    label={_quoted(node)};")
        for id in _mine(graph, node):
            style = f"label={_quoted(_label(marks, id))}, fillcolor={_quoted(_fill(marks, id))}"
            lines.append(f"    {_quoted(str(id))} [{style}];")
        lines.append("  }")
    for id in graph.order:
        for need in sorted(graph.needs[id]):
            lines.append(f"  {_quoted(str(need))} -> {_quoted(str(id))};")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mermaid(graph: Graph, marks: Marks) -> str:
    """A mermaid flowchart, as forges draw it inside Markdown."""
    name = {id: f"n{i}" for i, id in enumerate(graph.order)}
    lines = ["flowchart TD"]
    for node in _nodes(graph):
        lines.append(f"  subgraph {node}")
        for id in _mine(graph, node):
            label = escape(_label(marks, id)).replace("&quot;", "#quot;")
            lines.append(f'    {name[id]}["{label}"]')
        lines.append("  end")
    for id in graph.order:
        lines += [f"  {name[need]} --> {name[id]}" for need in sorted(graph.needs[id])]
    lines += [f"  style {name[id]} fill:{_fill(marks, id)}" for id in graph.order if id in marks]
    return "\n".join(lines) + "\n"


WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 230, 30, 20, 34, 24
"""Pixels of a box, of the gaps between boxes, and of the edge."""

COLUMNS = 3
"""Boxes beside each other in a node's block; more go to the next line."""

LETTERS = 34
"""What fits into a box; the rest is in the tooltip."""


def svg(graph: Graph, marks: Marks) -> str:
    """One self-contained drawing: a row a depth, a block a node, light and dark."""
    at = _positions(graph)
    width = max(x for x, _ in at.values()) + WIDTH + MARGIN
    height = max(y for _, y in at.values()) + HEIGHT + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        "<style>.l{stroke:#888;fill:none}.n{font-weight:bold;fill:#444}"
        "@media(prefers-color-scheme:dark){.n{fill:#ddd}}</style>",
    ]
    for node in _nodes(graph):
        x = min(at[id][0] for id in _mine(graph, node))
        y = min(at[id][1] for id in _mine(graph, node))
        parts.append(f'<text class="n" x="{x}" y="{y - 8}">{escape(node)}</text>')
    for id in graph.order:
        parts += [_line(at[need], at[id]) for need in sorted(graph.needs[id])]
    parts += [_box(at[id], _label(marks, id), _fill(marks, id)) for id in graph.order]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _positions(graph: Graph) -> dict[ResourceId, tuple[int, int]]:
    """Where each box stands: a node is a block, a layer of its graph one or more lines in it."""
    at: dict[ResourceId, tuple[int, int]] = {}
    for block, node in enumerate(_nodes(graph)):
        left, line = MARGIN + block * COLUMNS * (WIDTH + GAP_X) + block * GAP_X, 0
        for layer in layers(graph, node):
            for n, id in enumerate(layer):
                x = left + n % COLUMNS * (WIDTH + GAP_X)
                y = MARGIN + 16 + (line + n // COLUMNS) * (HEIGHT + GAP_Y)
                at[id] = (x, y)
            line += -(-len(layer) // COLUMNS)
    return at


def layers(graph: Graph, node: str) -> list[list[ResourceId]]:
    """Each as late as what needs it allows; what has no lines at all comes last."""
    mine = _mine(graph, node)
    depth: dict[ResourceId, int] = {}
    for id in mine:
        depth[id] = 1 + max((depth[need] for need in graph.needs[id]), default=-1)
    for id in reversed(mine):
        above = [depth[other] for other in mine if id in graph.needs[other]]
        depth[id] = min(above) - 1 if above else depth[id]
    needed = {need for id in mine for need in graph.needs[id]}
    alone = [id for id in mine if not graph.needs[id] and id not in needed]
    rest = [id for id in mine if id not in alone]
    layers = [[id for id in rest if depth[id] == d] for d in sorted({depth[id] for id in rest})]
    return [*layers, alone]


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + WIDTH // 2, start[1] + HEIGHT
    x2, y2 = end[0] + WIDTH // 2, end[1]
    bend = (y1 + y2) // 2
    return f'<path class="l" d="M{x1} {y1} C{x1} {bend} {x2} {bend} {x2} {y2}"/>'


def _box(at: tuple[int, int], label: str, fill: str) -> str:
    x, y = at
    short = label if len(label) <= LETTERS else label[: LETTERS - 3] + "..."
    return (
        f'<g><title>{escape(label)}</title><rect x="{x}" y="{y}" width="{WIDTH}" '
        f'height="{HEIGHT}" rx="5" fill="{fill}" stroke="#666"/>'
        f'<text x="{x + 8}" y="{y + 20}" fill="#222">{escape(short)}</text></g>'
    )
