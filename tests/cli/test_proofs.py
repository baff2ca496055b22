"""The commands about proofs before a node that notes what it is asked."""

from __future__ import annotations

from cli_world import Shell
from double_proofs import OWN


def called(shell: Shell, name: str) -> list[tuple[object, ...]]:
    return [arguments for said, arguments in shell.node.calls if said == name]


def test_proofs_are_listed_with_how_it_stands_and_who_knows(shell: Shell) -> None:
    assert [proof["state"] for proof in shell.json("proofs")["items"]] == ["there", "waiting"]
    shown = " ".join(shell("proofs", "list").stdout.split())
    for words in ("coo@pigeon.example", "there, since", "Ana", "to be put there: the account does", "nobody"):
        assert words in shown
    assert "niemand" in shell("proofs", "--lang", "de").stdout


def test_nothing_is_made_without_a_yes(shell: Shell) -> None:
    code, error = shell.error("proofs", "make", "pigeon")
    assert (code, error["hint"]) == (2, "Say so with --yes.")
    assert called(shell, "make_proof") == []
    made = shell.json("proofs", "make", "pigeon", "--to", "ana", "--to", "anton", "--yes")
    assert made["text"] == OWN.text
    ((account, open_to),) = called(shell, "make_proof")
    assert account == "ac" * 8
    assert len(open_to) == 2  # type: ignore[arg-type]
    assert "there, since" in shell("proofs", "make", "pigeon", "--yes").stdout
    assert shell.error("proofs", "make", "nothing", "--yes")[0] == 5


def test_proofs_are_opened_and_dropped_by_id_address_or_network(shell: Shell) -> None:
    for name in ("7", "COO@pigeon.example", "pigeon"):
        shell("proofs", "open", name, "ana")
    assert [proof for proof, _ in called(shell, "open_proof")] == ["7", "7", "7"]
    assert shell.error("proofs", "open", "raven", "ana")[0] == 5
    assert shell.error("proofs", "drop", "pigeon")[0] == 2
    assert shell.json("proofs", "drop", "pigeon", "--yes") == {"dropped": "7"}
    assert called(shell, "drop_proof") == [("7",)]


def test_what_was_seen_of_a_person_is_shown(shell: Shell) -> None:
    shown = " ".join(shell("proofs", "check", "berta").stdout.split())
    for words in ("berta@loft", "not proven", "the account names somebody else"):
        assert words in shown
    assert called(shell, "check_person") == [("p1",)]
    assert shell.json("proofs", "check", "berta")["proofs"][0]["state"] == "gone"


def test_a_contact_is_asked_in_private_and_refused(shell: Shell) -> None:
    shown = " ".join(shell("proofs", "ask", "berta", "--via", "pigeon").stdout.split())
    assert "you have asked them in private" in shown
    assert called(shell, "challenge") == [("p1", "pigeon")]
    shown = " ".join(shell("proofs", "refuse", "berta").stdout.split())
    for words in ("you said no to what they asked", "proven both ways,"):
        assert words in shown
    assert shell.json("proofs", "ask", "berta")["proofs"][0]["private"]
