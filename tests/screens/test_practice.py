"""The practice tenant as a process of its own."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from screens.practice import _served


async def test_the_practice_tenant_ends_with_whoever_started_it(tmp_path: Path) -> None:
    process, told = await _served(tmp_path, "0")
    assert json.loads(told)["domain"].startswith("127.0.0.1:")
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 30) is not None
