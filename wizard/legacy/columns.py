"""Names for the columns of a file: unique, never empty, and said so where they had to be made up."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.errors import SourceError


def named_by_header(cells: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns a header line names, and warnings about names that had to be changed."""
    names: list[str] = []
    warnings: list[str] = []
    wanted = [" ".join(cell.split()) for cell in cells]
    for place, cell in enumerate(wanted, start=1):
        if cell and cell not in names:
            names.append(cell)
            continue
        name = _free(cell or f"column_{place}", {*names, *wanted})
        names.append(name)
        if cell:
            warnings.append(f"Two columns are called {cell}; column {place} is called {name}.")
        else:
            warnings.append(f"Column {place} has no name in the header; it is called {name}.")
    if any("@" in cell or cell.startswith("$2") for cell in wanted):
        warnings.append("The first line looks like a user. If it is one, set header to false and name the columns.")
    return tuple(names), tuple(warnings)


def named_by_operator(names: Sequence[str], *, width: int) -> tuple[str, ...]:
    """Return the names that the answers give to the columns of a file without a header, or made-up ones.

    Raises:
        SourceError: there are more or fewer names than columns, or one twice.
    """
    if not names:
        return tuple(f"column_{place}" for place in range(1, width + 1))
    if len(names) != width:
        raise SourceError(
            f"The answers name {len(names)} columns, but the first line of the file has {width} cells",
            remedy="name every column in order in columns of [source], or check the delimiter.",
        )
    if len(set(names)) != len(names) or not all(names):
        raise SourceError(
            "The names in columns of [source] are empty or not unique", remedy="give each column its own name."
        )
    return tuple(names)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
