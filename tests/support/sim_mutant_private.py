"""Small wrong changes of private proofs, and of coming back over another network; the rest of the catalogue.

As in `sim_mutant_catalogue`. What two show each other is in `swarm_protocol`, whose modules are named with
that; all others are of `swarmnode`.
"""

from __future__ import annotations

from sim_mutant_catalogue import Mutant, mutant

OF_STEPS = "tests/protocol/claims/test_challenges.py"
OF_VECTORS = "tests/protocol/test_own_vectors.py"
OF_CHALLENGES = "tests/node/people/test_challenges.py"
OF_CARRIAGE = "tests/node/services/test_carriage.py"
OF_RETURN = "tests/node/services/test_carried_return.py"
OF_RESTORE = "tests/node/services/test_restore.py"

STEPS = "swarm_protocol/claims/challenge.py"
REQUEST = "swarm_protocol/meeting/rejoin.py"
CHALLENGES, OUTBOX = "services/challenges.py", "bridging/core/challenges.py"
REJOIN, READMIT = "services/rejoin.py", "services/readmit.py"
CARRIAGE, CONVERSATIONS = "services/carriage.py", "services/conversations.py"
BACKUP = "bridging/core/backup.py"

MUTANTS: list[Mutant] = [
    # --- what two show each other: the steps ----------------------------------------------------------------
    mutant(
        "challenge-never-ends",
        "a challenge counts after its end",
        OF_STEPS,
        STEPS,
        "        rules.CHALLENGE_TIME.require(now < self.ends_at)\n",
        "",
    ),
    mutant(
        "challenge-of-any-length",
        "who asks says for how long that counts",
        OF_VECTORS,
        STEPS,
        "require(now < ask.ends_at <= now + 2 * rules.CHALLENGE_S)",
        "require(now < ask.ends_at)",
    ),
    mutant(
        "steps-in-any-turn",
        "an answer counts before both have agreed, and twice",
        OF_STEPS,
        STEPS,
        "        if self.stage is not stage:\n",
        "        if False:\n",
    ),
    mutant(
        "asked-speaks-first",
        "who was asked shows the account before the other one has",
        OF_STEPS,
        STEPS,
        "Stage.AGREED if self.ours else Stage.DONE",
        "Stage.DONE if self.ours else Stage.AGREED",
    ),
    mutant(
        "refused-when-done",
        "a challenge is refused after it was answered",
        OF_STEPS,
        STEPS,
        "        if self.stage in {Stage.DONE, Stage.REFUSED}:\n",
        "        if False:\n",
    ),
    mutant(
        "any-answer",
        "an answer need not be the one that the other side makes",
        OF_STEPS,
        STEPS,
        "        rules.CHALLENGE_ANSWER.require(hmac.compare_digest(answer, expected))\n",
        "",
    ),
    mutant(
        "answer-of-any-account",
        "an answer counts from and to any account",
        OF_STEPS,
        STEPS,
        "        rules.CHALLENGE_ACCOUNT.require("
        "(sender, recipient) == (self.theirs.handle, self.mine.handle))\n",
        "",
    ),
    mutant(
        "answer-of-either",
        "both give the same answer, so one's own can be sent back",
        OF_STEPS,
        STEPS,
        "[self.id, self.nonce, self.second, int(by_asker)]",
        "[self.id, self.nonce, self.second, 0]",
    ),
    mutant(
        "answer-without-their-nonce",
        "an answer has nothing that the one who was asked has added",
        OF_STEPS,
        STEPS,
        "[self.id, self.nonce, self.second, int(by_asker)]",
        "[self.id, self.nonce, int(by_asker)]",
    ),
    mutant(
        "answer-without-our-nonce",
        "an answer has nothing that was said in private by the one who asks",
        OF_VECTORS,
        STEPS,
        "[self.id, self.nonce, self.second, int(by_asker)]",
        "[self.id, self.second, int(by_asker)]",
    ),
    mutant(
        "id-without-personas",
        "a challenge is the same whoever's it is, so it can be passed on to somebody else",
        OF_STEPS,
        STEPS,
        "sides: list[Value] = [self.asker.persona_id, self.asked.persona_id]",
        "sides: list[Value] = []",
    ),
    mutant(
        "id-without-accounts",
        "a challenge is the same whatever accounts it is about",
        OF_VECTORS,
        STEPS,
        "[*sides, encode_word(self.word)]",
        "[*sides, self.nonce]",
    ),
    mutant(
        "nonce-without-luck",
        "who asks uses the same nonce each time",
        OF_STEPS,
        STEPS,
        "            entropy(rules.NONCE_SIZE),\n            now",
        "            bytes(rules.NONCE_SIZE),\n            now",
    ),
    mutant(
        "second-nonce-without-luck",
        "who agrees uses the same nonce each time",
        OF_STEPS,
        STEPS,
        "second=entropy(rules.NONCE_SIZE)",
        "second=bytes(rules.NONCE_SIZE)",
    ),
    # --- what two show each other: the node -----------------------------------------------------------------
    mutant(
        "another-contact-agrees",
        "a word about a challenge counts from any contact",
        OF_CHALLENGES,
        CHALLENGES,
        "CHALLENGES.one(step.tx, contact_id=contact.id, name=word.id)",
        "CHALLENGES.one(step.tx, name=word.id)",
    ),
    mutant(
        "questions-without-end",
        "a contact may have any number of open challenges",
        OF_CHALLENGES,
        CHALLENGES,
        "    for row in waiting[: max(0, len(waiting) - MAX_OPEN + 1)]:\n",
        "    for row in waiting[:0]:\n",
    ),
    mutant(
        "answered-by-itself-each-time",
        "who met over two accounts is answered without a question as often as they ask",
        OF_CHALLENGES,
        CHALLENGES,
        "    elif all(earlier.ours or step.wall_s - earlier.at >= DAY_S for earlier in same):\n",
        "    else:\n",
    ),
    mutant(
        "answered-by-itself-for-any-account",
        "who met over two accounts is answered without a question about others, too",
        OF_CHALLENGES,
        CHALLENGES,
        "            if (account.remote_id, room.partner) == (word.asked, word.asker):\n",
        "            if room.partner:\n",
    ),
    mutant(
        "both-asked-and-neither-agrees",
        "of two who ask at once the higher id counts for one, and the lower for the other",
        OF_CHALLENGES,
        CHALLENGES,
        "    if own is not None and own.name < asked.id:\n",
        "    if own is not None and own.name < asked.id and own.theirs < own.mine:\n",
    ),
    mutant(
        "answer-at-another-account-of-ours",
        "an answer counts at whichever account of the owner's it came",
        OF_CHALLENGES,
        CHALLENGES,
        "        here = room is not None and room.account_id == row.account_id\n",
        "        here = True\n",
    ),
    mutant(
        "answer-passed-on",
        "an answer counts whoever brings it",
        OF_CHALLENGES,
        CHALLENGES,
        "row.theirs if here and input_.actor == row.remote_id else input_.actor",
        "row.theirs",
    ),
    mutant(
        "proven-for-ever",
        "what was shown stands when the other one says that it is not so",
        OF_CHALLENGES,
        CHALLENGES,
        "        _take_back(step, row)\n",
        "        pass\n",
    ),
    mutant(
        "answer-outlives-its-challenge",
        "our account says what nobody waits for any more",
        OF_CHALLENGES,
        OUTBOX,
        "    return CHALLENGES.count(step.tx, intent=intent) > 0\n",
        "    return bool(intent)\n",
    ),
    mutant(
        "answer-without-end",
        "our account's answer may leave after its challenge has ended",
        OF_CHALLENGES,
        OUTBOX,
        "expires_at=min(row.ends_at, step.wall_s + intents.EXPIRES_S)",
        "expires_at=step.wall_s + 10 * intents.EXPIRES_S",
    ),
    # --- carriage -------------------------------------------------------------------------------------------
    mutant(
        "hour-without-budget",
        "what was carried in an hour is not counted",
        OF_CARRIAGE,
        CARRIAGE,
        "hour=hour, used=_used(step, route) + count)",
        "hour=hour)",
    ),
    # --- coming back over a conversation --------------------------------------------------------------------
    mutant(
        "rejoin-unsigned",
        "a rejoin need not be signed",
        OF_VECTORS,
        REQUEST,
        "    REJOIN_SIGNATURE.require(signed)\n",
        "    REJOIN_SIGNATURE.require(signed or True)\n",
    ),
    mutant(
        "rejoin-for-anybody",
        "a rejoin is not bound to the node that is asked",
        OF_VECTORS,
        REQUEST,
        "    return labels.REJOINING.hash(cbor.encode([persona_id, leaf_sig]))\n",
        "    return labels.REJOINING.hash(cbor.encode([persona_id, leaf_sig[:0]]))\n",
    ),
    mutant(
        "rejoin-from-anywhere",
        "a rejoin counts through any conversation, not only the one that led to the lost node",
        OF_RETURN,
        CONVERSATIONS,
        "    routes = ROUTES.all(step.tx, room_id=input_.room_id)\n    found = [peer",
        "    routes = ROUTES.all(step.tx)\n    found = [peer",
    ),
    mutant(
        "rejoin-answered-anew",
        "a rejoin that comes again makes another group",
        OF_RESTORE,
        READMIT,
        "    if last is not None and rejoin.number <= last.number:\n",
        "    if last is not None and rejoin.number < last.number:\n",
    ),
    mutant(
        "rejoin-needs-a-queue",
        "who has no relay is not let back in",
        OF_RETURN,
        READMIT,
        "    least = 0 if carriage.reaches(step, peer_id) else 1\n",
        "    least = 1\n",
    ),
    mutant(
        "rejoin-unseen",
        "nobody is told that a contact has come back on a new node",
        OF_RETURN,
        READMIT,
        '        tell(step, "contact.alert", contact=str(contact.id), kind="rejoined")\n',
        "        ALERTS.drop(step.tx, data=leaf_sig)\n",
    ),
    mutant(
        "rejoin-before-it-was-looked-at",
        "who wants to look at new keys first is not waited for",
        OF_RESTORE,
        READMIT,
        "    if after is None or after.standing == Standing.KEY_ALERT.value:\n",
        "    if after is None:\n",
    ),
    mutant(
        "conversation-stays-with-the-lost",
        "a conversation does not lead to the node that came in the place of a lost one",
        OF_RETURN,
        CARRIAGE,
        "            ROUTES.change(step.tx, route.id, peer_id=new_id)\n",
        "            pass\n",
    ),
    mutant(
        "unheard-goes-with-the-lost",
        "what the lost node had not confirmed is not sent to the new one",
        OF_RETURN,
        READMIT,
        "    _send_again(step, node, contact.id, new_id)\n",
        "",
    ),
    mutant(
        "backup-forgets-conversations",
        "which conversations carried is not known after a restore",
        OF_RETURN,
        BACKUP,
        'row["state"] not in KEPT:\n                    return\n',
        'row["state"] in KEPT:\n                    return\n',
    ),
    mutant(
        "network-asked-first",
        "who comes back asks over a network though relays are there",
        OF_RETURN,
        REJOIN,
        "            fresh = 0 <= age < carriage.AFTER_S\n",
        "            fresh = age < 0\n",
    ),
]
