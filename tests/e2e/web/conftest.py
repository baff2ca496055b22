"""What pages showed when a test failed is kept under its tmp_path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web_evidence import keeping


@pytest.fixture(autouse=True)
def evidence(tmp_path: Path) -> Iterator[None]:
    with keeping(tmp_path / "pages"):
        yield
