"""Whirlpool (ISO/IEC 10118-3:2004), for HMAC and PBKDF2 hashes of stores that used it: no library at hand has it."""

from __future__ import annotations

BLOCK = 64
ROUNDS = 10
FIRST_BOX = (0x1, 0xB, 0x9, 0xC, 0xD, 0x6, 0xF, 0x3, 0xE, 0x8, 0x7, 0x4, 0xA, 0x2, 0x5, 0x0)
MIDDLE_BOX = (0x7, 0xC, 0xB, 0xD, 0xE, 0x4, 0x9, 0xF, 0x6, 0x3, 0x8, 0xA, 0x2, 0x5, 0x1, 0x0)
ROW = (1, 1, 4, 1, 8, 5, 2, 9)
"""First row of the diffusion matrix; the others are its rotations."""
POLYNOMIAL = 0x11D


def _substitution() -> list[int]:
    """Build the S-box from the two published mini-boxes."""
    back = [FIRST_BOX.index(value) for value in range(16)]
    box = []
    for value in range(256):
        high, low = FIRST_BOX[value >> 4], back[value & 15]
        middle = MIDDLE_BOX[high ^ low]
        box.append(FIRST_BOX[high ^ middle] << 4 | back[low ^ middle])
    return box


def _product(left: int, right: int) -> int:
    total = 0
    while right:
        total ^= left if right & 1 else 0
        left <<= 1
        left ^= POLYNOMIAL if left & 0x100 else 0
        right >>= 1
    return total


def _tables() -> list[list[int]]:
    """Join substitution and diffusion: table t gives the 64-bit row that byte t of a row contributes."""
    first = [int.from_bytes(bytes(_product(value, factor) for factor in ROW), "big") for value in SUBSTITUTION]
    return [[(row >> 8 * turn | row << 64 - 8 * turn) & 0xFFFFFFFFFFFFFFFF for row in first] for turn in range(8)]


SUBSTITUTION = _substitution()
TABLES = _tables()
CONSTANTS = [int.from_bytes(bytes(SUBSTITUTION[8 * turn : 8 * turn + 8]), "big") for turn in range(ROUNDS)]


def _round(rows: list[int]) -> list[int]:
    mixed = []
    for index in range(8):
        row = 0
        for turn in range(8):
            row ^= TABLES[turn][rows[(index - turn) & 7] >> (56 - 8 * turn) & 0xFF]
        mixed.append(row)
    return mixed


def _compress(state: list[int], block: bytes) -> list[int]:
    """Take one block in (Miyaguchi-Preneel)."""
    words = [int.from_bytes(block[at : at + 8], "big") for at in range(0, BLOCK, 8)]
    key = state
    rows = [word ^ part for word, part in zip(words, key, strict=True)]
    for constant in CONSTANTS:
        key = _round(key)
        key[0] ^= constant
        rows = [row ^ part for row, part in zip(_round(rows), key, strict=True)]
    return [old ^ row ^ word for old, row, word in zip(state, rows, words, strict=True)]


class Whirlpool:
    """A hash object with the members hmac asks for."""

    name = "whirlpool"
    digest_size = 64
    block_size = BLOCK

    def __init__(self, first: bytes = b"") -> None:
        self._state = [0] * 8
        self._rest = b""
        self._length = 0
        self.update(first)

    def update(self, more: bytes) -> None:
        self._length += len(more)
        rest = self._rest + more
        whole = len(rest) - len(rest) % BLOCK
        for at in range(0, whole, BLOCK):
            self._state = _compress(self._state, rest[at : at + BLOCK])
        self._rest = rest[whole:]

    def digest(self) -> bytes:
        filled = self._rest + b"\x80"
        filled += bytes(-(len(filled) + 32) % BLOCK) + (self._length * 8).to_bytes(32, "big")
        state = self._state
        for at in range(0, len(filled), BLOCK):
            state = _compress(state, filled[at : at + BLOCK])
        return b"".join(row.to_bytes(8, "big") for row in state)

    def hexdigest(self) -> str:
        return self.digest().hex()

    def copy(self) -> Whirlpool:
        twin = Whirlpool()
        twin._state, twin._rest, twin._length = list(self._state), self._rest, self._length
        return twin
