"""Vectors of what is compared with a chain, and of kits (spec 10 §1, §4, §5, §6)."""

from __future__ import annotations

from swarm_protocol import cbor
from swarm_protocol import identity as idn
from swarm_protocol.cbor import Value
from swarm_protocol.identity import rules
from swarm_protocol.identity.link import Link
from swarm_protocol.rules import Rule

from .forge import (
    AWAY,
    BEN,
    CLAIM_ADD,
    FIFTH,
    HOME,
    KIT,
    NODE_ADD,
    PERSONA,
    Made,
    claim,
    genesis,
    link,
    node_body,
    vector,
    with_claims,
    with_node,
)


def copies(made: Made) -> None:
    """Two copies of a chain, evidence, and links that arrive alone (spec 10 §4, §5)."""
    home = with_node(PERSONA, HOME)
    longer, thief = with_claims(home, 1), with_node(home, FIFTH)
    rotated = idn.rotate(home, KIT)
    restored = with_node(idn.rotate(PERSONA, KIT), AWAY)

    def merged(name: str, mine: idn.Sigchain, theirs: idn.Sigchain, comment: str) -> None:
        outcome = idn.merge(mine, theirs).outcome.value
        data = cbor.encode([mine.encode(), theirs.encode()])
        vector(made, f"identity/merge/{name}", data, outcome, comment)

    merged("same", longer, home, "an older copy")
    merged("extended", home, longer, "a newer copy")
    merged("replaced", thief, rotated, "a thief's node, and a rotation before it")
    merged(
        "replaced-later", thief, idn.rotate(longer, KIT), "a thief's node, and a rotation after other links"
    )
    merged("kept", rotated, thief, "a rotation, and the thief's links late")
    merged("replaced-by-words", longer, restored, "restored from the words alone")
    merged("forked", longer, thief, "two links for one place")
    merged("forked-rotations", rotated, restored, "two rotations that reveal one root")
    ben = idn.create_persona(BEN)
    both = cbor.encode([home.encode(), ben.encode()])
    vector(made, "identity/merge/copy-persona", both, "unexpected", "two personas", rules.COPY_PERSONA)

    start = home.encode()
    far = with_claims(home, 3)
    vector(made, "identity/receive/delta", cbor.encode([start, longer.since(2)]), "extended", "one link more")
    vector(
        made,
        "identity/receive/rotation",
        cbor.encode([thief.encode(), rotated.since(2)]),
        "replaced",
        "it cuts in",
    )
    vector(
        made,
        "identity/receive/copy-gap",
        cbor.encode([start, far.since(3)]),
        "unexpected",
        "link 2 is missing",
        rules.COPY_GAP,
    )

    def blob(path: list[bytes], a: bytes, b: bytes) -> bytes:
        first, second = sorted((a, b), key=lambda data: Link.decode(data).hash)
        return cbor.encode({1: path, 2: first, 3: second})

    def bad(rule: Rule, data: bytes, comment: str, case: str = "") -> None:
        vector(made, f"identity/evidence/{rule.id}{case and '.' + case}", data, "rule", comment, rule)

    for name, mine, theirs in (("place", longer, thief), ("rotations", rotated, restored)):
        fork = idn.merge(mine, theirs).chain.forks[0]
        vector(made, f"identity/evidence/{name}", fork.encode(), "ok", f"as the merge of {name} gives it")
    start_, first = PERSONA.links[0].data, home.links[1].data
    bad(rules.EVIDENCE_PATH, blob([first], longer.links[2].data, thief.links[2].data), "no genesis")
    bad(rules.EVIDENCE_PATH, blob([], longer.links[2].data, thief.links[2].data), "no path", "empty")
    bad(
        rules.EVIDENCE_PATH,
        blob([start_, first], longer.links[2].data, thief.links[2].data),
        "over a node_add",
        "node",
    )
    late = [with_claims(rotated, n).links for n in (1, 2)]
    other = idn.retire(rotated, KIT.root(1)).links
    bad(
        rules.EVIDENCE_PATH,
        blob([start_], late[0][3].data, other[3].data),
        "the rotation is left out",
        "short",
    )
    bad(rules.EVIDENCE_CONFLICT, blob([start_], longer.links[2].data, longer.links[2].data), "one link twice")
    bad(rules.EVIDENCE_CONFLICT, blob([start_], first, longer.links[2].data), "two places", "places")
    bad(
        rules.EVIDENCE_CONFLICT,
        blob([start_], longer.links[2].data, rotated.links[2].data),
        "two roots: a rotation superseded the other",
        "roots",
    )
    place = idn.merge(longer, thief).chain.forks[0]
    turned = cbor.encode({1: [start_], 2: place.pair[1].data, 3: place.pair[0].data})
    bad(rules.EVIDENCE_CONFLICT, turned, "the larger hash first", "order")
    second = genesis({3: bytes(32)})
    bad(rules.EVIDENCE_CONFLICT, blob([start_], start_, second), "two personas of one kit", "genesis")
    unsigned = link(home, NODE_ADD, node_body(AWAY), added=HOME.leaf_sig)
    data = blob([start_], longer.links[2].data, unsigned)
    bad(rules.NODE_REVERSE, data, "a node_add that its node did not sign")
    forged = link(home, CLAIM_ADD, {1: claim(7)}, persona_id=ben.persona_id)
    vector(
        made,
        "identity/evidence/link-signature",
        blob([start_], longer.links[2].data, forged),
        "rule",
        "a link of another persona",
        rules.LINK_SIGNATURE,
    )


def credentials(made: Made) -> None:
    """A chain, and a leaf that says it belongs to it (spec 10 §6)."""
    home = with_node(PERSONA, HOME)
    ref = idn.NodeRef(PERSONA.persona_id, 1)
    ben = idn.NodeRef(idn.create_persona(BEN).persona_id, 1)

    def case(
        name: str,
        comment: str,
        rule: Rule | None = None,
        *,
        chain: idn.Sigchain = home,
        key: bytes = HOME.leaf_sig.public,
        identity: bytes = ref.credential().identity,
        replaced: bytes | None = None,
    ) -> None:
        data = cbor.encode([chain.encode(), key, identity, replaced])
        vector(made, f"identity/credential/{name}", data, "rule" if rule else "ok", comment, rule)

    both = with_node(home, AWAY)
    case("first", "the node that link 1 added")
    case(
        "replaces",
        "in place of another node of the persona",
        chain=both,
        replaced=idn.NodeRef(ref.persona_id, 2).credential().identity,
    )
    longer = cbor.encode({1: ref.persona_id, 2: 1, 40: 0})
    case(
        "credential-form",
        "an unknown key: it would be a second credential",
        rules.CREDENTIAL_FORM,
        identity=longer,
    )
    case("credential-form.bytes", "no CBOR", rules.CREDENTIAL_FORM, identity=b"ada")
    case(
        "credential-known",
        "nobody knows that persona",
        rules.CREDENTIAL_KNOWN,
        identity=ben.credential().identity,
    )
    case(
        "credential-known.later",
        "the chain ends before it",
        rules.CREDENTIAL_KNOWN,
        identity=idn.NodeRef(ref.persona_id, 2).credential().identity,
    )
    case(
        "credential-node",
        "link 0 is the genesis",
        rules.CREDENTIAL_NODE,
        identity=idn.NodeRef(ref.persona_id, 0).credential().identity,
    )
    case("credential-key", "another key", rules.CREDENTIAL_KEY, key=AWAY.leaf_sig.public)
    root = KIT.root(0)
    case(
        "credential-trusted",
        "a revoked node",
        rules.CREDENTIAL_TRUSTED,
        chain=idn.revoke_node(home, root, HOME.leaf_sig.public),
    )
    case(
        "credential-trusted.retired",
        "a closed persona",
        rules.CREDENTIAL_TRUSTED,
        chain=idn.retire(home, root),
    )
    case(
        "credential-persona",
        "in place of another persona",
        rules.CREDENTIAL_PERSONA,
        replaced=ben.credential().identity,
    )


def kits(made: Made) -> None:
    """What the 24 words yield (spec 10 §1)."""
    for name, kit in (("ones", KIT), ("twos", BEN)):
        roots: list[Value] = [kit.root(number).public for number in (0, 1, 2, 2**32 - 1)]
        chain = idn.create_persona(kit)
        data = {1: kit.secret, 2: roots, 3: kit.backup_key(), 4: chain.persona_id, 5: chain.links[0].data}
        vector(
            made,
            f"identity/kit/{name}",
            cbor.encode(data),
            "ok",
            "roots 0, 1, 2 and the last, and the genesis",
        )
