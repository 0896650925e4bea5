"""Spans of time in words, as exact as anybody needs them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """`8 s`, `3 min`, `1 h 05 min`, `3 days`."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours < 48 else f"{round(hours / 24)} days"


def between(low: float, high: float) -> str:
    """A span whose end is not known: `2 to 5 min`, `about 3 min`."""
    first, second = duration(low), duration(high)
    if first == second:
        return f"about {first}"
    number, _, unit = first.partition(" ")
    return f"{number} to {second}" if second.endswith(f" {unit}") and " " not in unit else f"{first} to {second}"
