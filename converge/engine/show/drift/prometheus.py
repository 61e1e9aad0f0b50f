"""The drift report as Prometheus metrics (text exposition format 0.0.4).

What is not known is not a number: a count of which not all could be seen is NaN unless something
was found, and a resource that was not seen has no `in_sync` at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from converge.core.drift import Drift
from converge.engine.show.drift.words import plain

Sample = tuple[dict[str, str], float]
Metric = tuple[str, str, Iterable[Sample]]
"""Name, HELP, samples."""


def drift_metrics(drift: Drift) -> str:
    """All metrics, each with its HELP and TYPE; every sample names the pair."""
    lines: list[str] = []
    for name, said, samples in (*_counts(drift), *_each(drift)):
        found = list(samples)
        if found:
            lines += [f"# HELP {name} {said}", f"# TYPE {name} gauge"]
            lines += [
                _line(name, {"pair": drift.pair, **labels}, value) for labels, value in found
            ]
    return "\n".join(lines) + "\n"


def _counts(drift: Drift) -> Iterator[Metric]:
    """One number a node."""
    yield (
        "converge_drift_last_look_timestamp_seconds",
        "When the nodes were looked at; alert when it grows old.",
        [({"node": node}, _epoch(drift.seen.before)) for node in drift.nodes],
    )
    yield (
        "converge_drift_differences",
        "Fields that are not as desired, without ignored ones; NaN: none seen, but not all seen.",
        [({"node": node}, _count(drift, node, 0)) for node in drift.nodes],
    )
    yield (
        "converge_drift_redundancy_lost",
        "What is lost of redundancy, without what is ignored; NaN: as above.",
        [({"node": node}, _count(drift, node, 1)) for node in drift.nodes],
    )
    yield (
        "converge_drift_unseen",
        "Resources that could not be compared.",
        [({"node": node}, float(len(drift.of(node)[2]))) for node in drift.nodes],
    )
    yield (
        "converge_drift_ignored",
        "Differences that a person wants left alone, with a reason and an end.",
        [
            ({"node": node}, float(sum(one.node == node for one in drift.ignored)))
            for node in drift.nodes
        ],
    )


def _each(drift: Drift) -> Iterator[Metric]:
    """One number for each thing that is, or is not, as it should be."""
    yield (
        "converge_drift_resource_in_sync",
        "1: as desired (or ignored), 0: not; not there at all: it could not be seen.",
        _in_sync(drift),
    )
    yield (
        "converge_drift_difference_since_timestamp_seconds",
        "By when each difference was there at the latest, and whose doing it is.",
        _since(drift),
    )
    yield (
        "converge_drift_redundancy_lost_since_timestamp_seconds",
        "By when each loss of redundancy was there at the latest.",
        [
            ({"node": lack.node, "resource": lack.resource}, _epoch(lack.since.before))
            for lack in drift.lost
        ],
    )


def _in_sync(drift: Drift) -> Iterator[Sample]:
    for one in drift.resources:
        if one.node in drift.nodes and one.status != "unknown":
            labels = {"node": one.node, "resource": one.resource}
            yield labels, float(one.status != "different")


def _since(drift: Drift) -> Iterator[Sample]:
    for row in drift.different:
        labels = {"node": row.node, "resource": row.resource, "field": row.field, "by": row.by.who}
        yield labels, _epoch(row.since.before)


def _count(drift: Drift, node: str, what: int) -> float:
    found = drift.of(node)
    return float("nan") if found[2] and not found[what] else float(len(found[what]))


def _epoch(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


def _line(name: str, labels: dict[str, str], value: float) -> str:
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    number = "NaN" if value != value else f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{name}{{{inside}}} {number}"


def _escaped(text: str) -> str:
    """As the format asks for in label values."""
    return plain(text).replace("\\", "\\\\").replace('"', '\\"')
