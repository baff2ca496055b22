"""What bridges/README.md and bridges/QUALITY.md say is compared with what is there."""

from __future__ import annotations

import re
from pathlib import Path

from swarm_bridges.scaffold import package
from swarm_bridges.testing import Tier, up_to

BRIDGES = Path(__file__).parents[3] / "bridges"


def test_the_bridge_of_the_readme_is_the_one_that_is_written_and_tested() -> None:
    (shown,) = re.findall(r"```python\n(.*?)```", (BRIDGES / "README.md").read_text(), re.DOTALL)
    assert shown == package("pigeon", "poll")["pigeon/__init__.py"]
    assert sum(1 for line in shown.splitlines() if line.strip()) < 80


def test_the_rooms_of_the_readme_are_there() -> None:
    rooms = re.findall(
        r"^    (swarm_bridges/\S+)((?: \S+\.py)*)", (BRIDGES / "README.md").read_text(), re.MULTILINE
    )
    assert len(rooms) == 8
    for first, others in rooms:
        assert (BRIDGES / first).exists()
        assert all((BRIDGES / "swarm_bridges" / other).exists() for other in others.split())


def test_the_tiers_are_those_of_the_kit() -> None:
    text = (BRIDGES / "QUALITY.md").read_text()
    told: list[tuple[str, str, str, str]] = []
    for part in text.split("\n## ")[1:]:
        tier = part.split("\n")[0].lower()
        told += [(tier, *row) for row in re.findall(r"^\| `(\w+)` \| (.*) \| (.*?) ?\|$", part, re.MULTILINE)]
    known = [
        (one.tier.name.lower(), one.name, one.text, ", ".join(f"`{need}`" for need in one.needs))
        for one in up_to(Tier.PLATINUM)
    ]
    assert told == known
    assert {tier for tier, *_ in told} == {tier.name.lower() for tier in Tier}
