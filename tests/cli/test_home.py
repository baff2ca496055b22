"""Making and running homes, settings, exit codes, help; and the process as a whole."""

# ruff: noqa: S105  # passphrases of nobody

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cli_world import Shell
from double_node import WORDS

from swarmnode.cli.app import Ready
from swarmnode.cli.client import EXITS
from swarmnode.config import Config
from swarmnode.errors import Conflict


@dataclass
class DoubleApp:
    """Stands for `swarmnode.app`: notes what it is asked."""

    made: list[tuple[str, str | None, Path | None]] = field(default_factory=list)
    ran: list[tuple[Config, str | None]] = field(default_factory=list)

    def is_home(self, config: Config) -> bool:
        return bool(self.made) and config.home.is_absolute()

    def create_home(
        self,
        config: Config,
        *,
        name: str,
        passphrase: str | None,
        key_file: Path | None,
        words: Sequence[str] | None,
    ) -> tuple[str, ...]:
        assert words is None
        assert config.home.is_absolute()
        if self.made:
            raise Conflict("There is a persona already.")
        self.made.append((name, passphrase, key_file))
        return WORDS

    async def run(self, config: Config, *, passphrase: str | None, ready: Ready) -> None:
        self.ran.append((config, passphrase))
        ready(url="http://127.0.0.1:8470", code="ABCD-EFGH", state="locked")


@pytest.fixture
def shell(no_node: Shell) -> Shell:
    no_node.app = DoubleApp()
    no_node.env["SWARMNODE_PASSPHRASE"] = "p"
    return no_node


def app(shell: Shell) -> DoubleApp:
    assert isinstance(shell.app, DoubleApp)
    return shell.app


def test_init_shows_the_words_once(shell: Shell) -> None:
    shown = shell("init", "--name", "Ana").stdout
    assert " 1. word1 " in shown
    assert "24. word24" in shown
    assert app(shell).made == [("Ana", "p", None)]
    del shell.env["SWARMNODE_PASSPHRASE"]
    code, error = shell.error("init", "--name", "Ana")
    assert (code, error["code"]) == (1, "conflict"), "said before anything is asked for"


def test_init_for_programs(shell: Shell) -> None:
    assert shell.json("init") == {"words": list(WORDS)}
    assert app(shell).made == [("anonymous", "p", None)]


def test_init_writes_the_words_for_their_owner_alone(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "words"
    assert shell.json("init", "--words-file", str(file)) == {"home": str(shell.home), "words_file": str(file)}
    assert file.read_text().split() == list(WORDS)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "word1" not in shell("init", "--words-file", str(tmp_path / "other")).stdout


def test_init_that_fails_leaves_no_file_and_overwrites_none(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_text("precious")
    assert shell.error("init", "--words-file", str(file))[1]["code"] == "config"
    assert (app(shell).made, file.read_text()) == ([], "precious")
    shell.json("init")
    assert shell.error("init", "--words-file", str(tmp_path / "new"))[1]["code"] == "conflict"
    assert not (tmp_path / "new").exists()


def test_init_with_a_key_file_needs_no_passphrase(shell: Shell) -> None:
    del shell.env["SWARMNODE_PASSPHRASE"]
    assert shell.error("init")[1]["hint"].startswith("Give --passphrase-file")
    shell.json("init", "--key-file", "key")
    assert app(shell).made == [("anonymous", None, Path("key"))]


def test_run_says_where_and_how_to_pair(shell: Shell) -> None:
    shown = shell("run").stdout
    assert "http://127.0.0.1:8470\n" in shown
    assert "Pairing code: ABCD-EFGH\n" in shown
    assert shell.json("run") == {"url": "http://127.0.0.1:8470", "code": "ABCD-EFGH", "state": "locked"}


def test_a_code_is_not_printed_into_the_journal(shell: Shell) -> None:
    shell.env["JOURNAL_STREAM"] = "8:1234"
    shown = shell("run").stdout
    assert "`swarmnode pair`" in shown
    assert "ABCD-EFGH" not in shown


def test_run_takes_flags_before_all_else(shell: Shell) -> None:
    shell.env["SWARMNODE_HTTP__PORT"] = "1"
    flags = (
        "--http",
        "[::1]:9",
        "--link",
        "192.0.2.1:7",
        "--role",
        "relay",
        "--role",
        "node",
        "--role",
        "relay",
    )
    shell.json("run", *flags)
    ((config, passphrase),) = app(shell).ran
    assert (config.http.host, config.http.port, config.link.host, config.link.port) == (
        "::1",
        9,
        "192.0.2.1",
        7,
    )
    assert (config.roles, passphrase, config.home) == (("relay", "node"), "p", shell.home)


@pytest.mark.parametrize("address", ["localhost", "localhost:", ":x", "::1:80", "h:65536", "h:-1"])
def test_run_refuses_what_is_no_address(shell: Shell, address: str) -> None:
    assert shell.error("run", "--http", address)[1]["code"] == "config"
    assert app(shell).ran == []


def test_config_show_names_each_source(shell: Shell) -> None:
    (shell.home / "config.toml").write_text('[http]\nport = 5\nallowed_hosts = ["a.example"]\n')
    shell.env["SWARMNODE_LOG__LEVEL"] = "debug"
    settings = shell.json("config", "show")["settings"]
    assert settings["http.port"] == {"value": 5, "source": f"{shell.home / 'config.toml'}, line 2"}
    assert settings["log.level"] == {"value": "debug", "source": "SWARMNODE_LOG__LEVEL"}
    assert settings["privacy.lan"] == {"value": False, "source": "default"}
    assert "SWARMNODE_LOG__LEVEL" in shell("config", "show").stdout
    assert shell("config").stdout == shell("config", "show").stdout


def test_what_the_owner_chose_is_read_after_the_defaults_and_before_the_file(shell: Shell) -> None:
    (shell.home / "chosen.toml").write_text("privacy.receipts = false\nprivacy.notice = false\n")
    (shell.home / "config.toml").write_text("privacy.notice = true\n")
    settings = shell.json("config", "show")["settings"]
    assert settings["privacy.receipts"] == {
        "value": False,
        "source": f"{shell.home / 'chosen.toml'}, line 1",
    }
    assert settings["privacy.notice"]["value"] is True


@pytest.mark.parametrize(
    "args",
    [
        ("status",),
        ("conversations",),
        ("send", "ana", "hi"),
        ("invite",),
        ("pair",),
        ("read", "x"),
        ("trace", "--peer", "x"),
    ],
)
def test_without_a_node_the_exit_code_is_3(shell: Shell, args: tuple[str, ...]) -> None:
    code, error = shell.error(*args)
    assert (code, error["code"], error["hint"]) == (3, "not-running", "Start it with `swarmnode run`.")


def test_german(shell: Shell) -> None:
    result = shell("--lang", "de", "status")
    assert result.stderr.splitlines()[1] == "Tipp: Starte ihn mit `swarmnode run`."
    shell.env["SWARMNODE_LANG"] = "de_DE.UTF-8"
    assert "Befehle:" in shell("--help").stdout
    assert "eine Nachricht senden" in shell("send", "--help").stdout
    assert "Commands:" in shell("--lang", "en", "--help").stdout


def test_options_stand_before_or_after_the_command(shell: Shell, tmp_path: Path) -> None:
    other = ("--home", str(tmp_path))
    for args in (("--json", *other, "config", "show"), ("config", "show", "--json", *other)):
        assert json.loads(shell(*args).stdout)["home"] == str(tmp_path)


def test_exit_codes_are_those_of_the_errors() -> None:
    said = {code: EXITS[code] for code in ("not-running", "locked", "not-found", "usage", "conflict")}
    assert said == {"not-running": 3, "locked": 4, "not-found": 5, "usage": 2, "conflict": 1}


def process(*args: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SWARMNODE_")}
    return subprocess.run(
        [sys.executable, "-m", "swarmnode", *args],
        env={**env, "SWARMNODE_HOME": str(home), "LANG": "C", "LC_ALL": "C"},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--help",), 0),
        (("--version",), 0),
        (("status",), 3),
        (("sing",), 2),
        ((), 2),
        (("inspect", "00"), 0),
    ],
)
def test_the_process_ends_as_the_call_did(home: Path, args: tuple[str, ...], code: int) -> None:
    result = process(*args, home=home)
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    if code:
        assert len(result.stderr.splitlines()) <= 2 or not args


def test_help_imports_nothing_large() -> None:
    code = """
import sys
from swarmnode.cli.main import main
sys.argv = ["swarmnode", "--help"]
try:
    main()
except SystemExit:
    print(*sorted(name for name in sys.modules if "." not in name), file=sys.stderr)
"""
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stderr.split()
    assert "click" in loaded
    assert (
        set(loaded) & {"aiohttp", "rich", "sqlalchemy", "cryptography", "nacl", "msgspec", "asyncio"} == set()
    )
