"""Moments and causes in words, the same in every form that people read."""

from __future__ import annotations

from datetime import datetime

from converge.core.drift import Between, Cause, Drift, Is
from converge.engine.show.marks import BLOCKED, CHANGE, IN_SYNC, UNKNOWN

MARKS: dict[Is, str] = {
    "in_sync": IN_SYNC, "different": CHANGE, "ignored": CHANGE, "unknown": UNKNOWN,
}  # fmt: skip
LOST = BLOCKED
WORDS: dict[Is, str] = {
    "in_sync": "as desired", "different": "not as desired", "ignored": "left alone for now",
    "unknown": "not seen",
}  # fmt: skip


def moment(iso: str, today: str) -> str:
    """`10:00:05`, or with its day when that is not the day of `today`."""
    when = datetime.fromisoformat(iso)
    same = when.date() == datetime.fromisoformat(today).date()
    return when.strftime("%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S")


def between(when: Between, today: str) -> str:
    """`between 10:00:05 and 10:05:03`; `at 10:00:05` within one second."""
    before = moment(when.before, today)
    if when.after is None:
        return f"seen first by {before}"
    after = moment(when.after, today)
    return f"at {before}" if after == before else f"between {after} and {before}"


def by(cause: Cause) -> str:
    """Who it was."""
    match cause.who:
        case "converge":
            return f"by converge (run {cause.run}: {cause.action})"
        case "somebody_else":
            return "by somebody else"
        case "desired_file":
            return "the desired file has changed, the value has not"
        case "follows":
            return f"by nobody: {cause.why}"
        case "unknown":
            return f"not known by whom: {cause.why}"


def headline(drift: Drift) -> str:
    """`2 differences, 1 loss of redundancy, 3 not seen, 1 ignored`, or that all is well."""
    counts = [
        (len(drift.different), "difference", "differences"),
        (len(drift.lost), "loss of redundancy", "losses of redundancy"),
        (len(drift.unseen), "not seen", "not seen"),
        (len(drift.ignored), "ignored", "ignored"),
    ]
    said = [f"{n} {one if n == 1 else many}" for n, one, many in counts if n]
    wrong = drift.different or drift.lost or drift.unseen
    return ", ".join(said) if wrong else ", ".join(["no drift", *said])


def titled(resource: str, field: str) -> str:
    return f"{resource} {field}".rstrip()


def plain(text: str) -> str:
    """On one line, with nothing in it to obey for a terminal: a node may say anything."""
    flat = " ".join(text.split()) if not text.isprintable() else text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in flat)
