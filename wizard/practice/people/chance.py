"""Chance that repeats itself: the same name and seed give the same draws on every machine."""

import random


def chance_of(name: str, seed: int) -> random.Random:
    """A generator for what is invented; nothing secret comes from it."""
    return random.Random(f"{name} {seed}")  # noqa: S311 - invented people must be the same each time
