"""Settings from all places, and a log that does not tell."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from swarmnode import log
from swarmnode.config import SETTINGS, Config, load, parse_address, value_of
from swarmnode.errors import ConfigError


def test_defaults_need_no_file(tmp_path: Path) -> None:
    loaded = load(tmp_path, {})
    assert loaded.config == Config(home=tmp_path)
    assert loaded.sources == {}
    assert (loaded.config.privacy.lan, loaded.config.privacy.direct) == (False, False)


def test_the_last_that_says_something_wins(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'roles = ["relay"]\n\n[http]\n# a comment\nport = 1\nhost = "h"\n[log]\nlevel = "debug"\n'
    )
    environment = {
        "SWARMNODE_HTTP__PORT": "2",
        "SWARMNODE_LOG__LEVEL": "error",
        "SWARMNODE_HOME": "/x",
        "A__B": "c",
    }
    loaded = load(tmp_path, environment, {"http.port": 3, "link.port": None})
    assert (loaded.config.http.port, loaded.config.http.host) == (3, "h")
    assert loaded.config.roles == ("relay",)
    assert loaded.sources == {
        "roles": f"{tmp_path / 'config.toml'}, line 1",
        "http.host": f"{tmp_path / 'config.toml'}, line 6",
        "http.port": "flag",
        "log.level": "SWARMNODE_LOG__LEVEL",
    }


@pytest.mark.parametrize(
    ("roles", "port", "used"), [("relay", None, 8471), ("node", None, 0), ("node", 5, 5)]
)
def test_the_port_for_nodes_depends_on_the_role(
    tmp_path: Path, roles: str, port: int | None, used: int
) -> None:
    assert load(tmp_path, {"SWARMNODE_ROLES": roles}, {"link.port": port}).config.link_port == used


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("PRIVACY__LAN", "true", True),
        ("PRIVACY__LAN", "0", False),
        ("HTTP__ALLOWED_HOSTS", "a.example, b.example", ("a.example", "b.example")),
        ("ROLES", "node,relay", ("node", "relay")),
        ("PRIVACY__FORWARD", "never", "never"),
    ],
)
def test_the_environment_speaks_in_texts(tmp_path: Path, name: str, text: str, value: object) -> None:
    config = load(tmp_path, {f"SWARMNODE_{name}": text}).config
    assert value_of(config, name.lower().replace("__", ".")) == value


@pytest.mark.parametrize(
    ("file", "environment", "place", "hint"),
    [
        ("[http]\n\nprot = 1", {}, "line 3: there is no setting http.prot", "http.port"),
        ("[htp]\nport = 1", {}, "line 2: there is no setting htp.port", "http.port"),
        ("color = 1", {}, "line 1: there is no setting color", "config show"),
        ("http = 1", {}, "line 1: there is no setting http", "http.port"),
        ("home = 'x'", {}, "line 1: there is no setting home", "config show"),
        ("[http]\nport = '80'", {}, "line 2: http.port cannot be '80'", "number"),
        ("[http]\nport = 70000", {}, "line 2: http.port cannot be 70000", "number"),
        (
            "[privacy]\nforward = 'maybe'",
            {},
            "line 2: privacy.forward cannot be 'maybe'",
            "prefer, always, never",
        ),
        ("roles = []", {}, "line 1: roles cannot be []", "list of node, relay"),
        ("[http\nport = 1", {}, "is not TOML", "line 1"),
        (
            "",
            {"SWARMNODE_HTTP__PROT": "1"},
            "there is no setting SWARMNODE_HTTP__PROT",
            "SWARMNODE_HTTP__PORT",
        ),
        ("", {"SWARMNODE_HTTP__PORT": "x"}, "SWARMNODE_HTTP__PORT: http.port cannot be 'x'", "number"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, file: str, environment: dict[str, str], place: str, hint: str
) -> None:
    (tmp_path / "config.toml").write_text(file)
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, environment)
    assert place in str(raised.value)
    assert hint in raised.value.hint


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "address"), [("localhost:80", ("localhost", 80)), ("[::1]:0", ("::1", 0)), (":5", ("", 5))]
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text, "--http") == address


def test_every_setting_is_described() -> None:
    assert [setting.name for setting in SETTINGS.values() if len(setting.description) < 10] == []


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """A stream to log to; the handlers of others come back afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:], root.level = before, level


FACTS = {
    "relay": 3,
    "tickets": 250,
    "token": "planted",
    "passphrase": "planted",
    "peer_address": "planted",
    "queue_key": b"planted",
    "Body": "planted",
    "blob": b"planted",
    "things": ["planted"],
    "state": "up",
}


@pytest.mark.parametrize("form", ["text", "json"])
def test_facts_are_written_and_secrets_are_not(out: io.StringIO, form: Literal["text", "json"]) -> None:
    log.set_up("info", form, out)
    logging.getLogger("swarmnode.test").info("link-lost", extra=FACTS)
    logging.getLogger("swarmnode.test").debug("too-small")
    line = out.getvalue()
    assert "planted" not in line
    assert "too-small" not in line
    if form == "json":
        said = json.loads(line)
        assert (said["event"], said["relay"], said["tickets"], said["state"]) == ("link-lost", 3, 250, "up")
        assert said["token"] == log.REDACTED
    else:
        assert "link-lost relay=3 tickets=250 token=(hidden)" in line


def test_nobody_writes_a_line_of_their_own(out: io.StringIO) -> None:
    """What a bridge says of where it failed comes from its process, and could be anything."""
    log.set_up("info", "text", out)
    logging.getLogger("swarmnode.test").info(
        "bridge.crashed", extra={"where": "x\nWARNING you are hacked\x1b[2J"}
    )
    assert out.getvalue().rstrip().endswith("bridge.crashed where=(hidden)")


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_shows_where_and_not_what(out: io.StringIO, form: Literal["text", "json"]) -> None:
    log.set_up("info", form, out)
    try:
        int("planted")
    except ValueError:
        logging.getLogger("swarmnode.test").exception("failed")
    assert "planted" not in out.getvalue()
    assert "ValueError" in out.getvalue()
    assert f"({__name__}:" in out.getvalue()


def test_sentences_of_libraries_lose_their_values(out: io.StringIO) -> None:
    log.set_up("info", "json", out)
    logging.getLogger("aiohttp.server").warning("Error handling request from %s", "planted")
    logging.getLogger("asyncio").error("Exception in callback do('planted')\nhandle: <Handle planted>")
    said = [json.loads(line)["event"] for line in out.getvalue().splitlines()]
    assert said == ["Error handling request from", "Exception in callback do"]
    assert "planted" not in out.getvalue()


def test_the_log_goes_to_stderr_by_itself(out: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    assert out.getvalue() == ""
    handler = log.set_up("info", "text")
    assert isinstance(handler, logging.StreamHandler)
    assert handler.stream is sys.stderr
    logging.getLogger("swarmnode").info("hello")
    assert "hello" in capsys.readouterr().err
