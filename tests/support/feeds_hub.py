"""A real WebSub hub (flask-websub) in a process of its own, for as long as a test module wants it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import aiohttp
import pytest

PYTHON = Path(__file__).parents[2] / ".venv" / "hub" / "bin" / "python"
PROGRAM = """
import pathlib, sys
from celery import Celery
from flask import Flask
from flask_websub.hub import Hub, SQLite3HubStorage
from werkzeug.serving import make_server

celery = Celery("hub", broker="memory://", backend="cache+memory://")
celery.conf.task_always_eager = True  # deliveries are made inside of the request, so nothing is waited for
app = Flask(__name__)
app.config["PUBLISH_SUPPORTED"] = True
hub = Hub(SQLite3HubStorage(sys.argv[1] + "/hub.sqlite3"), celery, publish_supported=True)
app.register_blueprint(hub.build_blueprint(url_prefix="/hub"))
server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.port, flush=True)
server.serve_forever()
"""


class WebSubHub:
    """The hub; `url` is its address."""

    def __init__(self, folder: Path) -> None:
        """Where it is not installed, the test is skipped, or fails in CI."""
        if not PYTHON.exists():
            why = f"no hub here: scripts/set_up_hub {PYTHON.parents[1]}"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
        self._log = (folder / "hub.log").open("wb")
        self._process = subprocess.Popen(
            [str(PYTHON), "-c", PROGRAM, str(folder)], stdout=subprocess.PIPE, stderr=self._log
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/hub"

    async def publish(self, topic: str) -> None:
        """Tell the hub that there is something new; when this returns, it was delivered."""
        form = {"hub.mode": "publish", "hub.topic": topic, "hub.url": topic}
        async with aiohttp.ClientSession() as web, web.post(self.url, data=form) as answer:
            assert answer.status < 300, await answer.text()

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()
