"""The drift report as one HTML file: no script, nothing loaded, what is wrong first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from converge.core.drift import Between, Cause, Drift, Lack, Past, Row, Standing
from converge.core.graph import Graph
from converge.engine.show.drift.picture import picture
from converge.engine.show.drift.style import KINDS, sheet
from converge.engine.show.drift.words import (
    LOST,
    MARKS,
    WORDS,
    between,
    by,
    headline,
    plain,
    titled,
)
from converge.engine.show.marks import IN_SYNC, UNKNOWN

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing is loaded, and nothing in it is run, whatever a node's answer says."""


def drift_html(drift: Drift, graph: Graph) -> str:
    """The whole page."""
    title = f"{drift.pair}: {headline(drift)}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{_text(title)}</title><style>{sheet()}</style></head><body><main>",
        *_banner(drift),
        *_wrong(drift),
        *_pair(drift),
        *_graphs(drift, graph),
        *_history(drift),
        *_ignored(drift),
        f'<footer class="quiet"><p>desired file <code>{_text(drift.desired[:12])}</code>, told by '
        "<code>converge drift</code></p></footer></main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _text(text: str) -> str:
    return escape(plain(text))


def _mark(sign: str, kind: str) -> str:
    return f'<span class="mark {kind}">{escape(sign)}</span>'


def _time(when: Between, drift: Drift) -> str:
    """In words; the whole moments for whoever points at it."""
    whole = f"{when.after or 'unknown'} / {when.before}"
    words = _text(between(when, drift.seen.before))
    return f'<time datetime="{escape(when.before)}" title="{escape(whole)}">{words}</time>'


def _banner(drift: Drift) -> Iterator[str]:
    kind, sign, word = "good", IN_SYNC, "As desired"
    if drift.lost:
        kind, sign, word = "bad", LOST, "Redundancy is lost"
    elif drift.different:
        kind, sign, word = "other", MARKS["different"], "Not as desired"
    elif drift.unseen:
        kind, sign, word = "blind", UNKNOWN, "Not all can be seen"
    seen, nodes = drift.seen.before, " and ".join(drift.nodes)
    yield f'<header><h1>{_text(drift.pair)}</h1><p class="quiet">{_text(nodes)}, seen '
    yield f'<time datetime="{escape(seen)}">{_text(seen[:19].replace("T", " "))} '
    yield f'{_text(seen[26:] or seen[19:])}</time></p><div class="banner {kind}" role="status">'
    yield f'<p class="big"><span aria-hidden="true">{escape(sign)} </span>{word}</p>'
    yield f"<p>{_text(headline(drift))}</p>"
    yield from (f"<p>note: {_text(note)}</p>" for note in drift.notes)
    yield "</div></header>"


def _wrong(drift: Drift) -> Iterator[str]:
    cards = [
        *(_lack(lack, drift) for lack in drift.lost),
        *(_row(row, drift) for row in drift.different),
        *(_unseen(node, drift) for node in drift.nodes if drift.of(node)[2]),
    ]
    if cards:
        yield '<section><h2>What is wrong</h2><ul class="cards">'
        yield from cards
        yield "</ul></section>"


def _card(kind: str, sign: str, where: str, what: str, facts: Iterable[tuple[str, str]]) -> str:
    rows = "".join(f"<dt>{name}</dt><dd>{said}</dd>" for name, said in facts)
    return (
        f'<li class="sheet {kind}"><h3>{_mark(sign, kind)} {_text(where)}</h3>{what}'
        f"<dl>{rows}</dl></li>"
    )


def _lack(lack: Lack, drift: Drift) -> str:
    facts = [("since", _time(lack.since, drift))]
    where = f"{lack.node} {lack.resource}"
    return _card("bad", LOST, where, f"<p>{_text(lack.what)}</p>", facts)


def _row(row: Row, drift: Drift) -> str:
    facts = [
        ("is", f"<code>{_text(row.observed)}</code>"),
        ("desired", f"<code>{_text(row.desired)}</code>"),
        ("since", _time(row.since, drift)),
        ("whose", _text(by(row.by))),
    ]
    where = f"{row.node} {titled(row.resource, row.field)}"
    return _card("other", MARKS["different"], where, "", facts)


def _unseen(node: str, drift: Drift) -> str:
    """All that was not seen of a node in one card: a node that is down would fill a page."""
    by_why: dict[str, list[str]] = {}
    for one in drift.of(node)[2]:
        by_why.setdefault(one.why, []).append(one.resource)
    what = "".join(
        f"<details><summary>{_text(why)} ({len(names)})</summary>"
        f'<p class="quiet">{_text(", ".join(names))}</p></details>'
        for why, names in by_why.items()
    )
    return _card("blind", UNKNOWN, f"{node}: {len(drift.of(node)[2])} not seen", what, [])


def _pair(drift: Drift) -> Iterator[str]:
    """The nodes beside each other, a row a resource that matters."""
    nodes = sorted({one.node for one in drift.resources})
    table = {(one.node, one.resource): one for one in drift.resources if one.headline}
    refs = dict.fromkeys(ref for _, ref in table)
    yield '<section><h2>The pair</h2><div class="sheet scroll" tabindex="0" '
    yield 'role="region" aria-label="The pair">'
    yield '<table class="pair"><thead><tr>'
    yield "<th scope='col'>resource</th>"
    for node in nodes:
        note = "" if node in drift.nodes else " (only looked at)"
        yield f"<th scope='col'>{_text(node)}{note}</th>"
    yield "</tr></thead><tbody>"
    for ref in refs:
        cells = "".join(f"<td>{_standing(table.get((node, ref)))}</td>" for node in nodes)
        yield f"<tr><th scope='row'>{_text(ref)}</th>{cells}</tr>"
    yield "</tbody></table></div></section>"


def _standing(one: Standing | None) -> str:
    if one is None:
        return '<span class="quiet">not there</span>'
    kind, sign = ("bad", LOST) if one.lacking else (KINDS[one.status], MARKS[one.status])
    return f"{_mark(sign, kind)} {_text(one.glance)}"


def _graphs(drift: Drift, graph: Graph) -> Iterator[str]:
    nodes = sorted({one.node for one in drift.resources})
    yield '<section><h2>What needs what</h2><div class="two">'
    for node in nodes:
        standings = {one.resource: one for one in drift.resources if one.node == node}
        yield f'<figure class="sheet"><figcaption><h3>{_text(node)}</h3></figcaption>'
        yield f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(node)}">'
        yield f"{picture(graph, node, standings)}</div></figure>"
    yield '</div><ul class="legend quiet">'
    for status, kind in KINDS.items():
        yield f"<li>{_mark(MARKS[status], kind)} {WORDS[status]}</li>"
    yield f"<li>{_mark(LOST, 'bad')} redundancy lost</li></ul></section>"


def _history(drift: Drift) -> Iterator[str]:
    if not drift.past:
        return
    yield '<section><h2>What is over</h2><div class="sheet"><table class="history"><thead><tr>'
    yield "".join(f"<th scope='col'>{w}</th>" for w in ("what", "it was", "began", "ended"))
    yield "</tr></thead><tbody>"
    yield from (_past(past, drift) for past in drift.past)
    yield "</tbody></table></div></section>"


def _past(past: Past, drift: Drift) -> str:
    row = past.row
    return (
        f"<tr><th scope='row'>{_text(row.node)} {_text(titled(row.resource, row.field))}</th>"
        f"<td><code>{_text(row.observed)}</code>, desired <code>{_text(row.desired)}</code></td>"
        f"<td>{_turn(row.since, row.by, drift)}</td>"
        f"<td>{_turn(past.until, past.ended_by, drift)}</td></tr>"
    )


def _turn(when: Between, cause: Cause, drift: Drift) -> str:
    return f'{_time(when, drift)}<br><span class="quiet">{_text(by(cause))}</span>'


def _ignored(drift: Drift) -> Iterator[str]:
    if not drift.ignored:
        return
    yield '<section><h2>Left alone for now</h2><div class="sheet">'
    for one in drift.ignored:
        name = titled(f"{one.node} {one.resource}", getattr(one, "field", ""))
        yield f"<p><strong>{_text(name)}</strong>: {_text(one.ignored)} "
        yield f'<span class="quiet">until {_text(one.until)}</span></p>'
    yield "</div></section>"
