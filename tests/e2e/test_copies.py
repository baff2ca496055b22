"""A home that is there twice, or used twice (the sixth of eight points)."""

from __future__ import annotations

import shutil
from pathlib import Path

from e2e_world import Home, Village, eventually


def _state(home: Home) -> str:
    return str(home.json("status")["state"])


def test_of_a_home_and_its_copy_one_goes_on_and_the_other_says_why_not(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        post = village.relay("post")
        ada, ben = village.person("ada", post), village.person("ben", post)
        village.meet(ada, ben)
        ada.json("send", "ben", "only once", "--wait")
        ada.stop()
        copy = village.home("copy")
        shutil.copytree(ada.path, copy.path)
        ada.start()
        eventually(lambda: ada.json("status")["relays"][0]["state"] == "up")
        copy.start()
        homes = [ada, copy]
        eventually(lambda: sorted(map(_state, homes)) == ["quarantine", "ready"])
        stopped, going = sorted(homes, key=_state)

        problem = next(p for p in stopped.json("status")["problems"] if p["code"] == "quarantine")
        assert "copy" in problem["hint"]
        code, said = stopped.error("send", "ben", "from the copy")
        assert (code, said["code"]) == (1, "not-ready")
        assert "doctor" in said["hint"]
        assert stopped("doctor").returncode == 1
        assert "only once" in stopped("read", "ben", "--peek").stdout, "it can still be read"

        going.json("send", "ben", "from the other", "--wait")
        ben.json("send", "ada", "to whom?", "--wait")
        assert going.heard("1") == ["to whom?"]
        assert ben.heard("1") == ["only once", "from the other"]
        for home in homes:  # it stays so
            home.stop()
            home.start()
        assert _state(stopped) == "quarantine"
        going.json("send", "ben", "still here", "--wait")


def test_a_home_that_is_in_use_is_refused_at_once(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        ada = village.person("ada")
        code, said = ada.error("run", "--http", "127.0.0.1:0")
        assert code == 1
        assert said["code"] == "in-use"
        assert said["hint"]
        assert _state(ada) == "ready", "the first one does not mind"
