"""What the node remembers of other networks, and decides: functions over one open transaction (ADR 0023).

No waiting, no clock, no dice and no I/O but the transaction, like `services`. `account` is an `AccountId`,
`chat` the id of a conversation on screens (`b7`), `message` that of a message (`m12`). Errors are those of
`swarmnode.errors`, where nothing else is said. What a host and the screens call:

accounts    add(step, package, LoginDone) -> AccountId         Conflict: this account is there already
            relogin(step, account, LoginDone)                  Conflict: it is another account
            reconfigure(step, account, settings)
            pause(step, account), resume(step, account), remove(step, account)
            thin_out(step, account) -> bool                    before `remove`, as long as it says True
            get(step, account) -> Account, all_of(step) -> list[Account]
            cursor(step, account) -> Cursor | None
            learn(step, account, ConversationRef | None, Capabilities)     what the bridge answered
            unasked(step, account) -> list[ConversationRef]    whose abilities are to be asked for
vault       secret(step, account, name) -> Secret | None
            put(step, account, values, expect) -> int          raises swarm_bridges.api.Conflict
            kv_get(step, account, name) -> bytes | None
            kv_put(step, account, values)                      raises swarm_bridges.api.Refused over the quota
            kv_names(step, account, prefix) -> tuple[str, ...]
            kept(step, account) -> Kept                        all of it, and which version wrote it
            keep(step, account, version, values=None)          it is of this version now
logins      begin(step, package, why, *, account="", settings=None) -> Login
            get(step, login) -> Login                          package, why, account, settings, scratch, turn
            shown(Login) -> Step | None                        what the owner sees
            showed(step, login, Step, scratch) -> Login        the bridge wants this shown; a new turn
            repeated(step, login, turn) -> bool                this turn was answered: show what is there
            done(step, login, LoginDone) -> AccountId          adds the account, or renews it
            over(Login) -> AccountId | None                    the account of a login that is done
            end(step, login)                                   given up
journal     ingest(step, account, Batch)                       events and cursor; commit, then acknowledge
outbox      send(step, chat, text, *, reply_to="", files=(), title="", ...) -> str      id of the message
            edit, delete, react, mark, vote                    what the owner wants of a message
decisions   cancel, again                                      of what has not left, or was given up
            answer(step, message, sent)                        to "may have been sent"
calls       started(step)                                      when the node starts, before all others
            waits(step, account) -> bool                       whether `take` may have something to do
            take(step, account) -> Call | None                 commit, then call
            settle(step, intent, result)                       Accepted, Unknown, Absent, CantTell, None, or
                                                               the exception that the call raised
            next_at(step, account) -> int | None               Unix second; asked when `take` gave nothing
            tidy(step)                                         once an hour
history     next_page(step, account) -> PageCall | None        the page to ask for, in a lane of its own
            paged(step, account, ConversationRef, Page)        takes in its batch too
            failed(step, account, ConversationRef, Exception)
            next_at(step, account) -> int | None
            look_again(step, account, ConversationRef)         something may have been missed there
health      said(step, watch, account, Health)                 `Watch` is in the host's memory
            ended(step, watch, account, Exception | None)      `run` has ended
            put(step, watch, account, State, code="")          what the host says: starting, stopped, crashed
            check(step, watch)                                 short drops that have become long ones
            next_tick(watch) -> float | None                   tick at which `check` has something to do
consent     record(step, account, remote_id, verb, allowed=), allows(step, package, remote_id, verb) -> bool
inbox       chats, chat, page, message, search, mark_read, set_draft, send, edit, react, delete, resend,
            cancel: as `services.views` and `services.messages`, for conversations of both kinds
            confirm(step, message)                             what may have been sent is there
            mark(step, node, message, name, on=)               `favourite`, `boost`, `bookmark`
            timeline(step, before=, limit=) -> Page            posts of all networks, by time
files       put(step, files) -> list[LocalFile]                what is to be sent; `belong`: with what message
            to_send(step, account, LocalFile) -> bytes         what the bridge asks for
            of(step, row, index) -> file, bytes | None         a file of a message, if it is here
            fetched(step, message_id, RemoteFile, bytes)       keep what was fetched
backup      records(step), Restored(step).take(number, values) what goes into a backup, and comes back

A `Call` says all that a host needs: `await caller.call(account, call.verb, **call.arguments)`, then `settle`
with `call.intent` and what came, in the next transaction. `Account.wanted` says whether a bridge is to run;
`Account.held` why not, until the owner has acted.
"""
