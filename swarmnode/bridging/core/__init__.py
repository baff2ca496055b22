"""What the node remembers of other networks, and decides: functions over one open transaction (ADR 0023).

No waiting, no clock, no dice and no I/O but the transaction, like `services`. `account` is an `AccountId`,
`chat` the id of a conversation on screens (`b7`), `message` that of a message (`m12`). Errors are those of
`swarmnode.errors`, where nothing else is said. What a host and the screens call:

accounts    add(step, package, LoginDone) -> AccountId         Conflict: this account is there already
            relogin(step, account, LoginDone)                  Conflict: it is another account
            reconfigure(step, account, settings)
            pause(step, account), resume(step, account), remove(step, account)
            get(step, account) -> Account, all_of(step) -> list[Account]
            cursor(step, account) -> Cursor | None
            learn(step, account, ConversationRef | None, Capabilities)     what the bridge answered
            unasked(step, account) -> list[ConversationRef]    conversations whose abilities nobody asked for yet
vault       secret(step, account, name) -> Secret | None
            put(step, account, values, expect) -> int          raises swarm_bridges.api.Conflict
            kv_get(step, account, name) -> bytes | None
            kv_put(step, account, values)                      raises swarm_bridges.api.Refused over the quota
            kv_names(step, account, prefix) -> tuple[str, ...]
logins      begin(step, package, why, *, account="", settings=None) -> Login
            get(step, login) -> Login                          a row: package, why, account, settings, scratch, ...
            showed(step, login, Step, scratch) -> Login        what the bridge wants shown; a new turn
            repeated(step, login, turn) -> bool                this turn was answered: show what is there
            done(step, login, LoginDone) -> AccountId          adds the account, or renews it
            end(step, login)                                   given up
journal     ingest(step, account, Batch)                       events and cursor; commit, then acknowledge
outbox      send(step, chat, text, *, reply_to="", files=(), title="", ...) -> str      id of the message
            edit, delete, react, mark, vote, cancel, again     what the owner wants of a message
            answer(step, message, sent)                        to "may have been sent"
calls       started(step)                                      at the start of the node: calling becomes unknown
            take(step, account) -> Call | None                 what is to be called; committed before the call
            settle(step, intent, result)                       Accepted, Unknown, Absent, CantTell, None, an Exception
            next_at(step, account) -> int | None               Unix second at which `take` may give something
history     take(step, account) -> PageCall | None             the newest hole; at most one for each conversation
            paged(step, account, ConversationRef, Page)        ingests the batch too
            failed(step, account, ConversationRef, Exception)
            next_at(step, account) -> int | None
health      said(step, watch, account, Health)                 what a bridge says; `Watch` is in the host's memory
            ended(step, watch, account, Exception | None)      `run` has ended
            put(step, watch, account, State, code)             what the host says: starting, stopped, crashed
            check(step, watch)                                 short drops that have become long ones
            next_tick(watch) -> float | None                   tick at which `check` has something to do
consent     record(step, account, remote_id, verb, allowed), allows(step, account, remote_id, verb) -> bool
inbox       chats, chat, page, message, search, mark_read, set_draft, send, edit, react, delete, ...
            as `services.views` and `services.messages`, for conversations of both kinds

A `Call` says all that a host needs: `await caller.call(account, call.verb, **call.arguments)`, then `settle`
with what came, in the next transaction. `accounts.held(step, account)` says why nothing is to be called, and
`Account.wanted` whether its bridge is to run at all.
"""
