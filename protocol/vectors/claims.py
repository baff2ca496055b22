"""Vectors of claims (spec 42)."""

from __future__ import annotations

from dataclasses import replace

from swarm_protocol import cbor
from swarm_protocol import claims as cla
from swarm_protocol import identity as idn
from swarm_protocol.cbor import Value
from swarm_protocol.claims import rules
from swarm_protocol.rules import Rule

from .forge import BEN, KIT, PERSONA, Made, vector

NONCE = bytes(range(16))
XMPP = cla.Claim("xmpp", "anna@example.org", NONCE)
POST = cla.Claim("mastodon", "https://example.org/users/anna", NONCE, "anna@example.org")
OTHER = idn.create_persona(BEN)
NOW = 1_800_000_000
ASK = cla.Ask("xmpp", "anna@example.org", "ben@example.com", NONCE, NOW + 86_400)
SECOND = bytes(range(16, 32))


def claims(made: Made) -> None:
    """Opened claims (§1, §2), public texts (§3), looks (§4)."""

    def opened(name: str, values: list[Value], comment: str, rule: Rule | None = None) -> None:
        data = cbor.encode({1: values})
        vector(made, f"claims/opened/{name}", data, "decode" if rule else "ok", comment, rule)

    one: dict[int, Value] = dict(XMPP.fields())
    opened("one", [one], "an account on XMPP")
    opened("two", [one, dict(POST.fields())], "and one with an address")
    opened("longest", [{**one, 2: "a" * 1024, 4: "b" * 1024}], "the longest handle and address")
    for case, network in (("", "XMPP"), (".empty", ""), (".space", "x mpp")):
        opened(f"claim-network{case}", [{**one, 1: network}], f"{network!r}", rules.CLAIM_NETWORK)
    opened("claim-handle", [{**one, 2: ""}], "none", rules.CLAIM_HANDLE)
    opened("claim-handle.line", [{**one, 2: "anna\n@example.org"}], "two lines", rules.CLAIM_HANDLE)
    opened("claim-handle.turned", [{**one, 2: "anna\u202e@example.org"}], "runs back", rules.CLAIM_HANDLE)
    opened("claim-handle.address", [{**one, 4: "\x07"}], "a bell for an address", rules.CLAIM_HANDLE)
    opened("claims-opened", [], "none", rules.CLAIMS_OPENED)
    opened("claims-opened.twice", [one, {**one, 4: "x"}], "one twice", rules.CLAIMS_OPENED)

    for name, claim in (("xmpp", XMPP), ("mastodon", POST)):
        fields: dict[int, Value] = {1: PERSONA.persona_id, 2: claim.network, 3: claim.handle, 4: claim.nonce}
        fields |= {5: claim.hash, 6: claim.text(PERSONA.persona_id)}
        vector(made, f"claims/text/{name}", cbor.encode(fields), "ok", f"an account on {name}")

    def public(name: str, text: str, comment: str, rule: Rule | None = None) -> None:
        vector(made, f"claims/public/{name}", text.encode(), "decode" if rule else "ok", comment, rule)

    text = XMPP.text(PERSONA.persona_id)
    public("one", text, "as it stands in a profile")
    public("claim-text", text[:-1], "a character short", rules.CLAIM_TEXT)
    public("claim-text.long", f"{text}A", "a character long", rules.CLAIM_TEXT)
    public("claim-text.bits", f"swarm:1:{'A' * 42}B", "bits behind the last byte", rules.CLAIM_TEXT)
    public("claim-text.version", text.replace(":1:", ":2:"), "version 2", rules.CLAIM_TEXT)
    public("claim-text.alphabet", f"swarm:1:{'+' * 43}", "another alphabet", rules.CLAIM_TEXT)

    stands = idn.add_claim(PERSONA, KIT.root(0), XMPP.hash)
    dropped = idn.drop_claim(stands, KIT.root(0), XMPP.hash)

    def standing(name: str, chain: idn.Sigchain, comment: str, rule: Rule | None = None) -> None:
        data = cbor.encode([chain.encode(), XMPP.fields()])
        vector(made, f"claims/standing/{name}", data, "rule" if rule else "ok", comment, rule)

    standing("stands", stands, "its hash is in the chain")
    standing("again", idn.add_claim(dropped, KIT.root(0), XMPP.hash), "dropped, and claimed again")
    standing("claim-stands", PERSONA, "never in the chain", rules.CLAIM_STANDS)
    standing("claim-stands.dropped", dropped, "dropped", rules.CLAIM_STANDS)

    def look(name: str, shown: Value, state: cla.State, comment: str, *, proven: bool = False) -> None:
        data = cbor.encode([PERSONA.persona_id, XMPP.fields(), proven, shown])
        vector(made, f"claims/look/{name}", data, state.value, comment)

    copied, elsewhere = POST.text(PERSONA.persona_id), XMPP.text(OTHER.persona_id)
    look("ok", [XMPP.handle, [text]], cla.State.OK, "the text")
    look("ok.beside", [XMPP.handle, [elsewhere, text]], cla.State.OK, "and another persona's")
    look("unreachable", None, cla.State.UNREACHABLE, "no answer", proven=True)
    look("gone", [], cla.State.GONE, "no such account", proven=True)
    look("gone.nothing", [XMPP.handle, []], cla.State.GONE, "nothing stands there", proven=True)
    look("gone.reused", ["anna@example.com", [text]], cla.State.GONE, "another account", proven=True)
    look("gone.never", [XMPP.handle, [elsewhere]], cla.State.GONE, "another persona's, as always")
    look("gone.copied", [XMPP.handle, [copied]], cla.State.GONE, "copied from another account")
    look("changed", [XMPP.handle, [elsewhere]], cla.State.CHANGED, "another persona's now", proven=True)


def challenges(made: Made) -> None:
    """Challenges (§5): words, answers, and what becomes of one that was asked."""

    def word(name: str, data: bytes, comment: str, rule: Rule | None = None) -> None:
        vector(made, f"claims/challenge/{name}", data, "decode" if rule else "ok", comment, rule)

    came = cla.Challenge.come(ASK, PERSONA.persona_id, OTHER.persona_id, now=NOW)
    agreed = came.agree(now=NOW, entropy=lambda _: SECOND)
    word("ask", cla.encode_word(ASK), "an ask")
    word("agree", cla.encode_word(cla.Agree(came.id, SECOND)), "its owner agrees")
    word("refuse", cla.encode_word(cla.Refuse(came.id)), "one of the two refuses")
    word("challenge-word", cbor.encode({1: 4, 7: came.id}), "a word of later", rules.CHALLENGE_WORD)
    same: dict[int, Value] = {1: 1, 2: "xmpp", 3: ASK.asker, 4: ASK.asker, 5: NONCE, 6: ASK.ends_at}
    word("challenge-accounts", cbor.encode(same), "one account", rules.CHALLENGE_ACCOUNTS)
    word("claim-handle.challenge", cbor.encode({**same, 4: "a\nb"}), "two lines", rules.CLAIM_HANDLE)
    word("claim-network.challenge", cbor.encode({**same, 2: "XMPP"}), "'XMPP'", rules.CLAIM_NETWORK)

    first, last = replace(agreed, ours=True).answer, agreed.answer
    sides: list[Value] = [cla.encode_word(ASK), PERSONA.persona_id, OTHER.persona_id]
    fields: dict[int, Value] = {1: sides[1], 2: sides[2], 3: sides[0], 4: SECOND, 5: first, 6: last}
    vector(made, "claims/answer/both", cbor.encode(fields), "ok", "what the two accounts say")

    def heard(
        name: str,
        *happened: Value,
        comment: str,
        stage: str = "",
        rule: Rule | None = None,
        error: str = "rule",
        now: int = NOW,
        ask: list[Value] | None = None,
    ) -> None:
        data = cbor.encode([now, [0, *(ask or sides)], *happened])
        vector(made, f"claims/heard/{name}", data, error if rule else stage, comment, rule)

    yes: Value = [1, SECOND]
    good: Value = [2, ASK.asker, ASK.asked, first]
    heard("wanted", comment="its owner was not asked yet", stage="wanted")
    heard("agreed", yes, comment="its owner agrees", stage="agreed")
    heard("done", yes, good, comment="the other account has answered", stage="done")
    heard("refused", [3], comment="its owner refuses", stage="refused")
    heard("refused.late", yes, [3], comment="the other one does", stage="refused")
    heard("challenge-time", comment="it has ended", now=ASK.ends_at, rule=rules.CHALLENGE_TIME)
    heard("challenge-time.far", comment="it ends in weeks", now=NOW - 14 * 86_400, rule=rules.CHALLENGE_TIME)

    def no(name: str, *happened: Value, comment: str, rule: Rule) -> None:
        heard(name, *happened, comment=comment, rule=rule)

    for case, what, comment in (
        ("", [good], "nobody has agreed"),
        (".twice", [yes, good, good], "the answer was heard"),
        (".agreed", [yes, yes], "agreed to twice"),
        (".refused", [[3], yes], "it was refused"),
        (".over", [yes, good, [3]], "refused when all is said"),
    ):
        heard(
            f"challenge-stage{case}", *what, comment=comment, rule=rules.CHALLENGE_STAGE, error="unexpected"
        )
    no(
        "challenge-account",
        yes,
        [2, "x@example.org", ASK.asked, first],
        comment="from another account",
        rule=rules.CHALLENGE_ACCOUNT,
    )
    no(
        "challenge-account.ours",
        yes,
        [2, ASK.asker, "x@example.com", first],
        comment="at another account",
        rule=rules.CHALLENGE_ACCOUNT,
    )
    no(
        "challenge-answer",
        yes,
        [2, ASK.asker, ASK.asked, last],
        comment="our own, sent back",
        rule=rules.CHALLENGE_ANSWER,
    )
    no(
        "challenge-answer.cut",
        yes,
        [2, ASK.asker, ASK.asked, first[:-1]],
        comment="a byte short",
        rule=rules.CHALLENGE_ANSWER,
    )
    between = cla.Challenge.come(ASK, OTHER.persona_id, PERSONA.persona_id, now=NOW)
    passed = replace(between.agree(now=NOW, entropy=lambda _: SECOND), ours=True).answer
    no(
        "challenge-answer.passed-on",
        yes,
        [2, ASK.asker, ASK.asked, passed],
        comment="of other personas",
        rule=rules.CHALLENGE_ANSWER,
    )
    again = replace(came.agree(now=NOW, entropy=lambda _: NONCE), ours=True).answer
    no(
        "challenge-answer.replayed",
        yes,
        [2, ASK.asker, ASK.asked, again],
        comment="of another time",
        rule=rules.CHALLENGE_ANSWER,
    )
