import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from swarmnode.errors import DiskFull, InUse, StorageError
from swarmnode.storage.home import Files, FolderFiles, Home, MemoryFiles, disk_errors, write_private


@pytest.fixture(params=["folder", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return FolderFiles(tmp_path) if request.param == "folder" else MemoryFiles()


def test_a_file_is_replaced_whole_and_destroyed(files: Files) -> None:
    assert files.read("a") is None
    files.replace("a", b"long before")
    files.replace("a", b"after")
    assert files.read("a") == b"after"
    files.destroy("a")
    files.destroy("a")
    assert files.read("a") is None


def test_a_home_and_its_files_are_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "far" / "home"
    folder.mkdir(parents=True, mode=0o755)
    with Home(folder) as home:
        home.files.replace("a", b"x")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o600


def test_what_a_replaced_file_held_is_overwritten(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    files.replace("keys", b"old secret")
    (tmp_path / "kept").hardlink_to(tmp_path / "keys")
    files.replace("keys", b"new")
    assert (tmp_path / "kept").read_bytes() == bytes(len(b"old secret"))
    files.replace("keys", b"a")
    (tmp_path / "other").hardlink_to(tmp_path / "keys")
    files.destroy("keys")
    assert (tmp_path / "other").read_bytes() == b"\0"


def test_nothing_is_left_beside_a_replaced_file(tmp_path: Path) -> None:
    files = FolderFiles(tmp_path)
    for data in (b"1", b"2"):
        files.replace("a", data)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_same_home_twice_is_refused_and_says_who_has_it(tmp_path: Path) -> None:
    with Home(tmp_path), pytest.raises(InUse, match=f"process {os.getpid()}"):
        Home(tmp_path)
    with Home(tmp_path):
        pass


def test_another_process_is_refused_at_once_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from swarmnode.storage.home import Home;"
        "home = Home(Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
        with pytest.raises(InUse, match=f"process {child.pid}") as caught:
            Home(tmp_path)
        assert "--home" in caught.value.hint
    finally:
        child.kill()
        child.communicate()
    with Home(tmp_path):
        pass


def test_a_home_where_a_file_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        Home(tmp_path / "file")


def test_a_full_disk_says_so() -> None:
    with pytest.raises(DiskFull, match="testing"), disk_errors("testing"):
        write_private(Path("/dev/full"), b"x")


@pytest.mark.parametrize(
    ("step", "kept", "after"),
    [
        ("write", False, b"old"),
        ("rename", False, b"old"),
        ("sync", False, b"old"),
        ("write", True, b"old"),
        ("rename", True, b"old"),
        ("sync", True, b"new"),
    ],
)
def test_files_in_memory_crash_at_each_step(step: str, kept: bool, after: bytes) -> None:
    files = MemoryFiles()
    files.replace("a", b"old")

    def fail(at: str) -> None:
        if at == f"{step} a":
            raise StorageError("planned")

    files.fail = fail
    with pytest.raises(StorageError, match="planned"):
        files.replace("a", b"new")
    files.crash(kept=kept)
    assert files.read("a") == after
