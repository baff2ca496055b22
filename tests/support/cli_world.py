"""The command line on a home, with or without a node behind its socket."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api_world import World
from click.testing import CliRunner, Result
from double_node import DoubleNode

from swarmnode.cli.main import cli


@dataclass
class Shell:
    """Runs `swarmnode` on a home; `world` is the node there, if one runs."""

    home: Path
    node: DoubleNode
    world: World | None = None
    loop: asyncio.AbstractEventLoop | None = None
    env: dict[str, str] = field(default_factory=dict)
    app: object = None

    def __call__(self, *args: str, text: str | None = None) -> Result:
        env = {
            "SWARMNODE_HOME": str(self.home),
            "SWARMNODE_LANG": "en",
            "SWARMNODE_PASSPHRASE": None,
            **self.env,
        }
        return CliRunner().invoke(cli(), list(args), obj=self.app, env=env, input=text, prog_name="swarmnode")

    def json(self, *args: str) -> Any:
        """What a call prints for programs."""
        result = self(*args, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def error(self, *args: str) -> tuple[int, dict[str, Any]]:
        """How a call fails, for programs."""
        result = self(*args, "--json")
        assert result.stdout == ""
        return result.exit_code, json.loads(result.stderr)["error"]
