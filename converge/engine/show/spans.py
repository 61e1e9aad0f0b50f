"""How long something takes, in words."""

import math

MINUTES_FROM_S = 120


def span_words(seconds: float) -> str:
    """`4.3 s`, `12 min`, `1 h 59 min`; from two minutes on rounded up to a minute."""
    if seconds < MINUTES_FROM_S:
        return f"{seconds:g} s"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    words = [f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes)
    return " ".join(words)
