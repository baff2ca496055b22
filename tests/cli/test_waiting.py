"""Commands about what has not left yet, and about deletions."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cli_world import Shell
from double_waiting import DELETION, WAITS

from swarmnode.cli.commands_waiting import moment, unix
from swarmnode.errors import UsageError


def test_a_message_leaves_after_a_while_or_at_a_time(shell: Shell) -> None:
    before = int(time.time())
    later = shell.json("send", "ana", "hi", "--in", "10m")
    assert later["state"] == "scheduled"
    assert before + 600 <= later["send_at"] <= time.time() + 601
    assert "leaves at" in shell("send", "ana", "hi", "--at", "2099-03-01T09:00").stdout
    assert shell.error("send", "ana", "hi", "--at", "soon")[1]["code"] == "usage"
    assert shell.error("send", "ana", "hi", "--at", "9:00", "--in", "5m")[1]["code"] == "usage"


def test_times_as_they_are_typed() -> None:
    assert moment(None, None) == {}
    assert moment(None, "90s") == {"send_in_s": 90}
    at = datetime.now().astimezone() + timedelta(days=3)
    exact = {"send_at": int(at.replace(microsecond=0).timestamp())}
    assert moment(at.isoformat(timespec="seconds"), None) == exact
    before = datetime.now().astimezone().date()
    said = moment("23:59", None)["send_at"]
    assert isinstance(said, int)
    found = datetime.fromtimestamp(said).astimezone()
    assert (found.hour, found.minute, found.second) == (23, 59, 0)
    assert found.date() in {before, datetime.now().astimezone().date()}
    for wrong in ("25:00", "2027-13-01", "", "9999999-01-01"):
        with pytest.raises(UsageError):
            moment(wrong, None)


@pytest.fixture
def in_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
def test_a_time_of_a_day_on_which_clocks_are_changed() -> None:
    for month, day, hour in ((3, 29, 16), (10, 25, 17)):
        midnight = datetime(2026, month, day).astimezone()
        assert unix("18:30", now=midnight) == datetime(2026, month, day, hour, 30, tzinfo=UTC).timestamp()


def test_what_waits_is_listed(shell: Shell) -> None:
    assert shell.json("outbox")["items"][0]["message"] == WAITS.message
    said = shell("outbox").stdout
    for word in ("w1", "Ana", "good morning", "leaves at its time"):
        assert word in said


def test_another_time(shell: Shell) -> None:
    sent = shell.json("send", "ana", "hi", "--in", "1h")
    assert shell.json("leave", sent["id"])["send_at"] == 0
    assert shell.json("leave", sent["id"], "--in", "2h")["send_at"] > sent["send_at"]


def test_deletions_are_listed_shown_and_saved(shell: Shell, tmp_path: Path) -> None:
    assert shell.json("deletions")["items"][0]["id"] == DELETION.id
    assert "1 of 1 confirmed" in shell("deletions").stdout
    for args in (("deletions", "1"), ("deletions", "show", "1")):
        said = shell(*args).stdout
        assert "Ana: confirmed, signed" in said
        assert "no proof" in said
    assert shell.error("deletions", "7")[1]["code"] == "not-found"
    file = tmp_path / "receipts.json"
    assert shell.json("deletions", "save", "1", str(file)) == {"path": str(file), "receipts": 1}
    assert shell.error("deletions", "save", "1", str(file))[1]["code"] == "config"
    found = shell.json("inspect", str(file))
    assert found["label"] == "deletion receipts"
    assert found["inside"][0]["value"].startswith("DOES NOT HOLD")
