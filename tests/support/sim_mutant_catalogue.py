"""Small wrong changes of the node, each of which the simulator must notice, or a test of what it replaces.

Each replaces a text that occurs exactly once in its module: of `swarmnode`, or the driver of the simulated
nodes (`DRIVER`), which keeps the same contract as the product's. `by` names what is tried first: a directed
test, random lives (`LIVES`), or a file of tests where the simulator has something else: the product's driver,
the relay's disk, a restore.
"""

from __future__ import annotations

from dataclasses import dataclass

DRIVER = "sim_node.py"
LIVES = "lives"
TALK = "test_a_quiet_talk_needs_no_second_try"
STORING = "test_a_relay_that_dies_while_it_stores_has_promised_nothing"
STEPS = "test_a_node_may_die_at_any_step_of_a_talk"
DEATH = "test_what_is_said_survives_the_death_of_a_relay"
AWAY = "test_who_was_away_for_ten_days_misses_nothing"
ORDER = "test_edits_and_deletions_overtake_what_they_are_about"
BACK = "test_a_relay_that_goes_back_to_an_older_disk_costs_nothing"
MUTE = "test_a_relay_that_owes_answers_is_called_anew"
FORGETS = "test_relays_that_take_keys_and_know_none_are_not_stormed"
FAILING = "test_a_relay_that_cannot_store_is_not_stormed"
VOID = "test_what_relays_deliver_into_the_void_is_asked_for_again"
THIRD = "test_when_all_relays_of_both_die_at_once_they_meet_at_a_third"
FOUND = "test_who_loses_all_relays_while_the_other_is_away_is_found"
TURNS = "test_who_is_away_is_not_told_again_and_again_of_new_queues"
FULL = "test_a_full_disk_loses_nothing_and_acknowledges_nothing"
CLOCK = "test_a_clock_that_is_wrong_by_a_year_decides_nothing"
NO_RELAY = "test_when_all_relays_die_for_good_the_talk_goes_on_over_another_network"
THIRDS = "test_a_network_that_loses_a_third_delays_nothing_for_ever"
TWICE = "test_a_network_that_says_everything_twice_makes_nobody_chatter"
OF_DRIVER = "tests/node/delivery/test_driver.py"
OF_WRITER = "tests/node/relay/test_relay_writer.py"
OF_SHREDDING = "tests/node/storage/test_shredding.py"
OF_RESTORE = "tests/node/services/test_restore.py"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A name, what is wrong with it, what should notice, and `(module, old, new)` texts."""

    name: str
    what: str
    by: str
    edits: tuple[tuple[str, str, str], ...]


def mutant(name: str, what: str, by: str, module: str, old: str, new: str) -> Mutant:
    return Mutant(name, what, by, ((module, old, new),))


GROUPS, TALKING, OUTGOING = "services/groups.py", "services/talk.py", "services/outgoing.py"
CARRIAGE, CONVERSATIONS = "services/carriage.py", "services/conversations.py"
LINKS, REPEATS = "services/links.py", "services/repeats.py"
QUEUES, RENDEZVOUS = "services/queues.py", "services/rendezvous.py"
RECEIPTS, ROTATION, REPAIR = "services/receipts.py", "services/rotation.py", "services/repair.py"
DATABASE, QUERIES, VIEWS = "storage/database.py", "storage/queries.py", "services/views.py"
BODIES, RESTORE = "storage/bodies.py", "services/restore.py"
RUNNER, RELAY_WRITER = "delivery/runner.py", "delivery/relay_writer.py"

RESTART = """\
            self._drop_engine()
            self._while_alive(min(2.0**self._in_a_row, 60.0), self._new_engine)
"""

MUTANTS = [
    # --- the driver -----------------------------------------------------------------------------------------
    mutant(
        "effects-before-commit",
        "effects are performed before the transaction is committed",
        FULL,
        DRIVER,
        "                        self._engine.handle(step, item)\n",
        "                        self._engine.handle(step, item)\n"
        "                for effect in effects: self._do(effect)\n"
        "                effects.clear()\n",
    ),
    mutant(
        "engine-outlives-failure",
        "the engine is kept when a commit failed",
        FULL,
        DRIVER,
        RESTART,
        "            self._turn_due = False\n            self._while_alive(1.0, self._soon)\n",
    ),
    mutant(
        "effects-outlive-failure",
        "effects of a transaction that failed are performed",
        FULL,
        DRIVER,
        RESTART,
        "            for effect in effects: self._do(effect)\n" + RESTART,
    ),
    mutant(
        "product-effects-before-commit",
        "the product's driver performs what a failed transaction left",
        OF_DRIVER,
        RUNNER,
        "                if batch.failed is not None:\n                    await",
        "                for effect in batch.effects if batch.failed is not None else ():\n"
        "                    self._perform(effect)\n"
        "                if batch.failed is not None:\n                    await",
    ),
    mutant(
        "product-log-not-synced",
        "effects leave when the transaction may still be lost by a power cut",
        OF_DRIVER,
        RUNNER,
        "        if batch.results:\n            return True\n",
        "        if batch.results:\n            return False\n",
    ),
    # --- a relay's disk -------------------------------------------------------------------------------------
    mutant(
        "receipts-before-sync",
        "a relay's receipts leave before the disk has what they are for",
        OF_WRITER,
        RELAY_WRITER,
        "                begin = time.monotonic()\n                self._store.sync()\n",
        "                self._release()\n"
        "                begin = time.monotonic()\n                self._store.sync()\n",
    ),
    mutant(
        "receipts-outlive-failure",
        "receipts for what could not be stored leave all the same",
        OF_WRITER,
        RELAY_WRITER,
        "        held, self._held, self._bytes = tuple(self._held), [], 0\n",
        "        held, self._bytes = tuple(self._held), 0\n",
    ),
    # --- storing --------------------------------------------------------------------------------------------
    mutant(
        "sent-key-not-stored",
        "the state after encrypting is kept in memory alone",
        STEPS,
        GROUPS,
        '{"group": group.id, "messages": mls.archive.encode_messages(state)})\n',
        '{"group": group.id, "messages": RATCHETS.all(step.tx, group_id=group.id)[0].messages_part})\n',
    ),
    mutant(
        "epoch-not-stored",
        "a new epoch is kept in memory alone",
        LIVES,
        GROUPS,
        "    GROUPS.change(step.tx, group.id, epoch=state.epoch, epoch_part=epoch_part)\n"
        "    RATCHETS.change(step.tx, group.id, messages_part=messages_part)\n",
        "",
    ),
    mutant(
        "half-a-shredding",
        "what a crash left of a shredding is not completed",
        STEPS,
        DATABASE,
        "        self._unfinished = shreds != self._keyring.now.shreds\n",
        "        self._unfinished = False\n",
    ),
    mutant(
        "dead-keys-stay",
        "block keys that nothing needs any more stay in the keyring",
        STEPS,
        DATABASE,
        "            self._keyring.leave_out(dead, shreds=shreds)\n",
        "            self._keyring.leave_out((), shreds=shreds)\n",
    ),
    mutant(
        "block-keeps-its-key",
        "a block of content keys is written anew under the key that old pages open with",
        OF_SHREDDING,
        BODIES,
        "        block.key_id, block.key = self._fresh_key()\n",
        "",
    ),
    mutant(
        "content-key-stays",
        "the row of a deleted body goes, and its content key stays in the block",
        OF_SHREDDING,
        BODIES,
        "            block.keys[slot] = _GONE\n",
        "            pass\n",
    ),
    # --- receiving ------------------------------------------------------------------------------------------
    mutant(
        "no-receipts",
        "nothing is written down of what the other side is to be told",
        TALK,
        RECEIPTS,
        '    """A message is stored: say so soon."""\n',
        '    """A message is stored: say so soon."""\n    return\n',
    ),
    mutant(
        "receipts-by-wrong-clocks",
        "a receipt that a wrong clock put off waits for that time",
        CLOCK,
        QUERIES,
        '_due = sa.or_(_r.due_at <= bindparam("now"), _r.due_at > bindparam("latest"))',
        '_due = sa.or_(_r.due_at <= bindparam("now"), _r.due_at > bindparam("latest") + 10**9)',
    ),
    Mutant(
        "known-is-taken-again",
        "a message that is there already is taken for a new one",
        ORDER,
        (
            (
                TALKING,
                "    if from_peer is not None and MESSAGES.one(step.tx, name=message.id) is not None:\n",
                "    if False:\n",
            ),
            (
                TALKING,
                "        case _:\n            return False\n",
                "        case _:\n            return True\n",
            ),
        ),
    ),
    mutant(
        "deletion-before-its-message",
        "a deletion that comes before its message is forgotten",
        ORDER,
        TALKING,
        "        WANTED_DELETIONS.put(\n",
        "        (lambda tx, **_: None)(\n",
    ),
    mutant(
        "edits-outlive-deletion",
        "edits of a deleted message stay on the disk",
        TALK,
        TALKING,
        "    for row in gone:  # edits and reactions of it say what it said\n",
        "    for row in ():  # edits and reactions of it say what it said\n",
    ),
    mutant(
        "first-edit-wins",
        "of several edits the first counts",
        LIVES,
        VIEWS,
        "key=lambda row: (row.lamport, row.name))",
        "key=lambda row: (-row.lamport, row.name))",
    ),
    # --- sending --------------------------------------------------------------------------------------------
    Mutant(
        "nobody-makes-good",
        "what a relay lost is neither sent again nor asked for",
        BACK,
        (
            (
                REPEATS,
                "            _back_to_queue(step, node, outbox_id)\n        pause",
                "            pass\n        pause",
            ),
            (
                REPAIR,
                "    node.fetching[peer.id] = fetch\n    if request is not None:\n",
                "    node.fetching[peer.id] = fetch\n    if False:\n",
            ),
        ),
    ),
    mutant(
        "no-failover",
        "what lies ready for a relay that is away waits for it",
        DEATH,
        REPEATS,
        "            found.append(route.id)\n",
        "            pass\n",
    ),
    mutant(
        "no-back-off",
        "a relay that is away is called each second",
        DEATH,
        LINKS,
        "    pause = min(FIRST_RETRY_S * 2 ** min(line.failures, 12), LAST_RETRY_S)\n",
        "    pause = FIRST_RETRY_S\n",
    ),
    mutant(
        "storm-at-a-relay-that-fails",
        "a line that broke at once counts as a good one",
        FAILING,
        LINKS,
        "    if was_up and step.now.tick - line.up_since >= STEADY_S:\n",
        "    if was_up:\n",
    ),
    mutant(
        "keys-fixed-without-end",
        "a relay that takes a key and knows none is asked again at once, each time",
        FORGETS,
        QUEUES,
        "    if times > 1:\n        pause",
        "    if times > 1 and not times:\n        pause",
    ),
    mutant(
        "all-for-one-that-forgets",
        "to a relay that knows no key all goes again at once, and not one envelope",
        FORGETS,
        QUEUES,
        "        node.probing[queue.id] = node.probing.get(queue.id, 0) + 1\n",
        "        pass\n",
    ),
    mutant(
        "silence-unnoticed",
        "a relay may owe an answer for ever",
        MUTE,
        LINKS,
        '        fail(step, node, line, "no answer")\n',
        "        pass\n",
    ),
    mutant(
        "reading-outlives-its-line",
        "a queue is not read anew on a new line",
        STORING,
        LINKS,
        "        del node.reading[rid]\n",
        "        pass\n",
    ),
    mutant(
        "void-unnoticed",
        "a queue is asked for what lies there once on a line",
        VOID,
        QUEUES,
        "            pull(step, line, reading, after=0)\n",
        "            pass\n",
    ),
    mutant(
        "rotation-without-end",
        "a step of a rotation is said each half minute until it is answered",
        TURNS,
        ROTATION,
        "    pause = min(REPEAT_S * 2.0 ** min(times - 1, 12), LAST_REPEAT_S)\n",
        "    pause = REPEAT_S + 0 * times\n",
    ),
    mutant(
        "nobody-is-looked-for",
        "a peer that has confirmed nothing for a day is not looked for",
        FOUND,
        RENDEZVOUS,
        "                _seek(step, node, peer)\n",
        "",
    ),
    mutant(
        "emergency-untold",
        "contacts are not told ahead of the relays that are for an emergency",
        THIRD,
        RENDEZVOUS,
        "    spare = sorted(own, key=lambda relay: (-live[relay.id], relay.id))[queues.WANTED :]\n",
        "    spare: list[Relay] = []\n",
    ),
    # --- other networks -------------------------------------------------------------------------------------
    mutant(
        "nothing-is-carried",
        "where no relay is left, nothing goes over another network",
        NO_RELAY,
        OUTGOING,
        "        carried = carriage.route_for(step, node, row, away_s=away_s)\n",
        "        carried = None if away_s else None\n",
    ),
    mutant(
        "carried-once",
        "what another network has taken is not sent again, though nobody confirms it",
        THIRDS,
        CARRIAGE,
        "            if piece.state == SENT:\n",
        "            if piece.state == SENT and not place + 1:\n",
    ),
    mutant(
        "echoes-are-answered",
        "two nodes confirm each other's confirmations, where a network says all twice",
        TWICE,
        CONVERSATIONS,
        "        case Thing.ENVELOPE if step.now.tick >= node.carried.get(whole.name, 0.0):\n",
        "        case Thing.ENVELOPE if step.now.tick >= 0.0:\n",
    ),
    # --- coming back ----------------------------------------------------------------------------------------
    mutant(
        "lost-nodes-stay",
        "who restores does not revoke the nodes of before",
        OF_RESTORE,
        RESTORE,
        "    for lost in chain.state.active:\n",
        "    for lost in ():\n",
    ),
    mutant(
        "old-root-stays",
        "who restores goes on under the root that a thief may have",
        OF_RESTORE,
        RESTORE,
        "    chain = rotate(chain, kit)\n",
        "",
    ),
    mutant(
        "nobody-is-asked-back",
        "who restores asks no contact to be let in again",
        OF_RESTORE,
        RESTORE,
        "        rejoin.want(step, node, peer.id)\n",
        "        pass\n",
    ),
]
