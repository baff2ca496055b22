"""Two nodes by the command line: saying later over a kill, taking back, deletions with their receipts."""

from __future__ import annotations

import json
import time
from pathlib import Path

from e2e_networks import chat
from e2e_world import Village, eventually

from swarmnode.domain.views import MessageView


def test_later_taken_back_and_deleted_with_receipts(tmp_path: Path) -> None:
    with Village(tmp_path) as village:
        post = village.relay("post")
        ada, ben = village.person("Ada", post), village.person("Ben", post)
        village.meet(ada, ben)
        talk = chat(ben, "Ada")

        # Changed and taken back before it leaves; what is due while the node is dead leaves when it is back
        gone = ada.json("send", "Ben", "wrong words", "--in", "1h")
        assert [item["state"] for item in ada.json("outbox")["items"]] == ["scheduled"]
        assert ada.json("edit", gone["id"], "never said")["text"] == "never said"
        assert "never said" in ada("cancel", gone["id"]).stdout
        due = {"text": "good morning", "send_in_s": 4}
        first = ada.client.call("POST", f"/chats/{chat(ada, 'Ben')}/messages", due, MessageView)
        ada.kill()  # as soon as it is promised: a command takes seconds to end where much else runs
        time.sleep(max(0.0, first.send_at - time.time()) + 0.5)
        assert ben.heard(talk) == []
        ada.start()
        eventually(lambda: ben.heard(talk) == ["good morning"])
        assert ada.json("outbox")["items"] == []
        assert ada.error("cancel", first.id)[1]["code"] == "conflict"
        waited = ada.json("send", "Ben", "in a moment", "--in", "1s", "--wait")
        assert waited["state"] == "delivered"

        # Deletion: asked while the other node is off, confirmed when it is back
        ben.stop()
        made = ada.json("delete", waited["id"], "--everywhere")
        assert [place["state"] for place in made["places"]] == ["shredded", "asked"]
        assert "asked, no answer since" in ada("deletions", made["id"]).stdout
        ben.start()
        eventually(lambda: ada.json("deletions", made["id"])["receipts"] == 1)
        assert "Ben: confirmed, signed by node" in ada("deletions", made["id"]).stdout
        assert ben.heard(talk) == ["good morning"]
        file = tmp_path / "receipts.json"
        ada.json("deletions", "save", made["id"], str(file))
        ada.stop()
        (found,) = ben.json("inspect", str(file))["inside"]
        assert found["value"] == "verified"
        receipts = json.loads(file.read_text())
        receipts["receipts"][0]["targets"][0][1] = "refused"
        file.write_text(json.dumps(receipts))
        (found,) = ben.json("inspect", str(file))["inside"]
        assert found["value"].startswith("DOES NOT HOLD")
