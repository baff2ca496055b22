"""What the documents say is compared with what is there."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "docs" / "tour.md"
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def committed() -> list[Path]:
    """Every file of the tree that is committed, or would be with `git add --all`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "adr"
    index = (folder / "README.md").read_text()
    rows = re.findall(r"^\| \[(\d{4})\]\((\S+\.md)\) \| (.+) \|$", index, re.MULTILINE)
    said = [(name, f"# {number}: {title}") for number, name, title in rows]
    there = [
        (path.name, path.read_text().splitlines()[0])
        for path in sorted(folder.glob("[0-9][0-9][0-9][0-9]-*.md"))
    ]
    assert said == there


def test_decisions_are_numbered_without_gaps_and_say_what_was_refused() -> None:
    paths = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in paths] == list(range(1, len(paths) + 1))
    assert [path.name for path in paths if "**Refused.**" not in path.read_text()] == []


@pytest.mark.parametrize(
    ("package", "begins", "ends"),
    [
        ("mls", "Then `swarm_protocol/mls/`", "A group's state is"),
        ("identity", "`swarm_protocol/identity/` says", "`protocol/vectors/`"),
        ("mailbox", "`swarm_protocol/mailbox/` is", "To see them talk"),
        ("meeting", "`swarm_protocol/meeting/` is", "`tests/protocol/meeting/"),
        ("sync", "`swarm_protocol/sync/` finds", "`swarm_protocol/carry/`"),
        ("carry", "`swarm_protocol/carry/` puts", "`swarm_protocol/nearby/`"),
        ("nearby", "`swarm_protocol/nearby/` does", "`swarm_protocol/carriage/`"),
        ("carriage", "`swarm_protocol/carriage/` lets", "## The node's room"),
    ],
)
def test_the_tour_names_every_module_of_the_protocol(package: str, begins: str, ends: str) -> None:
    chapter = TOUR.read_text().partition(begins)[2].partition(ends)[0]
    there = {path.stem for path in (ROOT / "protocol" / "swarm_protocol" / package).glob("*.py")}
    assert set(re.findall(r"`([a-z_]+)`", chapter)) == there - {"__init__"}


def test_the_tour_names_every_floor_of_the_node_and_no_file_that_is_not_there() -> None:
    chapter = TOUR.read_text().partition("## The node's room")[2].partition("## The bridges' room")[0]
    floors = {path.parent.name for path in (ROOT / "swarmnode").glob("*/__init__.py")}
    assert {name for name in re.findall(r"\b([a-z]+)/(?=\s|`|\.)", chapter) if name != "migrations"} == floors
    files = re.findall(r"`((?:cli|app|api|delivery|services|storage)/\w+\.py)`", chapter)
    assert files
    assert [name for name in files if not (ROOT / "swarmnode" / name).exists()] == []


def test_links_between_documents_lead_somewhere() -> None:
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in committed()
        if path.suffix == ".md"
        for target in LINK.findall(path.read_text())
        if not (path.parent / target).exists()
    ]
    assert dead == []


def test_no_file_names_a_registry_or_a_place_on_one_machine() -> None:
    hosts = ("pypi." + "org", "python" + "hosted", "npmjs" + ".", "deb." + "debian")
    registry = re.compile("|".join(re.escape(host) for host in hosts), re.IGNORECASE)
    place = re.compile(r"(?<![\w.}/])/(?:root|home|Users|work)/\w")
    found = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # compressed vectors
        found += [
            f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()}"
            for pattern in (registry, place)
            for hit in pattern.finditer(text)
        ]
    assert found == []


def test_pending_changes_can_be_built_into_the_changelog() -> None:
    draft = subprocess.run(
        ["towncrier", "build", "--draft", "--version", "0"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert draft.returncode == 0, draft.stderr
    fragments = [path for path in (ROOT / "newsfragments").iterdir() if path.name != ".gitkeep"]
    missing = [
        path.name for path in fragments if path.read_text().split(".")[0].split("`")[0] not in draft.stdout
    ]
    assert missing == []
