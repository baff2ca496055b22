// Made by scripts/web_types.py from the node's API. Do not edit: `make web-types` writes it anew.

/** What went wrong. `where` is a place in the request, `retry_after` seconds after which it may work.

    `choices` are the ways to a person, where one has to be chosen. */
export interface ErrorView {
  readonly code: string
  readonly detail: string
  readonly hint?: string
  readonly where?: string
  readonly retry_after?: number | null
  readonly choices?: readonly WayChoice[]
}

/** A way to a person: what to name as `via` for it, and who can read along there. */
export interface WayChoice {
  readonly via: string
  readonly network: string
  readonly address: string
  readonly privacy: string
  readonly would: boolean
  readonly was: boolean
}

/** A pairing code, and whether to answer with a cookie (browsers) or a token (programs). */
export interface OpenSession {
  readonly code: string
  readonly label?: string
  readonly kind?: "bearer" | "cookie"
}

/** Who asks. `csrf` goes into X-Swarm-CSRF of writes with a cookie; `token` comes once. */
export interface SessionView {
  readonly device: string
  readonly scope: string
  readonly csrf: string
  readonly token: string
}

/** What the screen that is to be paired may do. */
export interface NewPairing {
  readonly scope?: "admin" | "read" | "write"
}

/** A pairing code, good once, until `expires_at`. */
export interface PairingView {
  readonly code: string
  readonly expires_at: number
}

/** A list, with cursors where it goes on. */
export interface Items_DeviceView_ {
  readonly items: readonly DeviceView[]
  readonly next: string
  readonly prev: string
}

/** A screen or program that was paired. */
export interface DeviceView {
  readonly id: string
  readonly label: string
  readonly kind: string
  readonly scope: string
  readonly created_at: number
  readonly used_at: number
  readonly this: boolean
}

/** What a device is called. */
export interface DeviceName {
  readonly name: string
}

/** What a person typed, and what it should be. */
export interface Meant {
  readonly kind: "account" | "contact" | "conversation" | "device" | "invite" | "message" | "network" | "person" | "relay" | "talk"
  readonly text: string
}

/** A thing by its id and the name that people see. */
export interface Named {
  readonly id: string
  readonly name: string
}

/** How the node is. */
export interface StatusView {
  readonly state: NodeState
  readonly version: string
  readonly roles: readonly string[]
  readonly name: string
  readonly persona: string
  readonly relays: readonly RelayView[]
  readonly contacts: number
  readonly unread: number
  readonly waiting: number
  readonly near: readonly NearView[]
  readonly restoring: string
  readonly missing: readonly string[]
  readonly problems: readonly Problem[]
  readonly backup_at: number
}

/** What the node can do at the moment. */
export type NodeState = "empty" | "locked" | "quarantine" | "ready"

/** A relay that this node's queues lie on. */
export interface RelayView {
  readonly id: string
  readonly address: string
  readonly state: string
  readonly queues: number
  readonly tickets: number
}

/** A contact whose node is reached without a relay at the moment. */
export interface NearView {
  readonly contact: string
  readonly name: string
  readonly way: string
}

/** Something to look at: a code for programs, a hint for people that says what to do. */
export interface Problem {
  readonly code: string
  readonly hint: string
}

/** A list, with cursors where it goes on. */
export interface Items_Check_ {
  readonly items: readonly Check[]
  readonly next: string
  readonly prev: string
}

/** One check of `doctor`; a failed one has a hint that leads out, another one may have advice. */
export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly hint: string
}

/** What became of what was kept aside. */
export interface Retried {
  readonly taken: number
  readonly left: number
}

/** A list, with cursors where it goes on. */
export interface Items_SettingView_ {
  readonly items: readonly SettingView[]
  readonly next: string
  readonly prev: string
}

/** A setting of the node's. Values are texts, as `swarmnode config` takes and shows them. */
export interface SettingView {
  readonly name: string
  readonly value: string
  readonly default: string
  readonly values: string
  readonly kind: string
  readonly change: string
  readonly by: string
  readonly place: string
  readonly choices: readonly string[]
  readonly least: number | null
  readonly most: number | null
  readonly waits: boolean
}

/** What a setting is to be, as `swarmnode config` shows it; null: its default. */
export interface SettingValue {
  readonly value: string | null
}

/** A list, with cursors where it goes on. */
export interface Items_NodeView_ {
  readonly items: readonly NodeView[]
  readonly next: string
  readonly prev: string
}

/** One of the persona's nodes. */
export interface NodeView {
  readonly id: string
  readonly label: string
  readonly this: boolean
  readonly priority: number
  readonly active: boolean
}

/** A persona to make; without a passphrase and a key file its key lies open in the home. */
export interface NewPersona {
  readonly name: string
  readonly passphrase?: string | null
  readonly key_file?: string | null
  readonly words?: readonly string[] | null
}

/** The 24 words, shown once. Who has them is you. */
export interface RecoveryWords {
  readonly words: readonly string[]
}

/** A name. */
export interface Renaming {
  readonly name: string
}

/** Words by their places, from 1: a few right after they were shown, or all 24 at any time. */
export interface SomeWords {
  readonly words: Readonly<Record<string, string>>
}

/** Whether it was right. */
export interface Right {
  readonly right: boolean
}

/** The words, and a backup: by its path, or (`uploaded`) as it was sent before. */
export interface Restoring {
  readonly words: readonly string[]
  readonly backup?: string | null
  readonly uploaded?: boolean
  readonly passphrase?: string | null
}

/** How much came. */
export interface Size {
  readonly size_bytes: number
}

/** How to open the store. */
export interface Unlocking {
  readonly passphrase: string
}

/** A list, with cursors where it goes on. */
export interface Items_RelayView_ {
  readonly items: readonly RelayView[]
  readonly next: string
  readonly prev: string
}

/** A link or a spoken code. */
export interface SomeLink {
  readonly link: string
}

/** How many links to make, for one person each. */
export interface TicketOrder {
  readonly count?: number
}

/** Links; secrets until they are used. */
export interface Links {
  readonly links: readonly string[]
}

/** A file to write, on the node's machine; `contact` is an id, or empty for all. */
export interface OutTo {
  readonly path: string
  readonly contact?: string
}

/** What went into or came out of a bundle file. */
export interface CarryView {
  readonly records: number
  readonly size_bytes: number
  readonly new: number
  readonly foreign: number
  readonly skipped: number
  readonly damage: string
}

/** A file on the node's machine. */
export interface InFrom {
  readonly path: string
}

/** A file that was written. */
export interface Written {
  readonly path: string
  readonly size_bytes: number
}

/** The persona's name, as a sign that it is meant. */
export interface Wiping {
  readonly confirm: string
}

/** A list, with cursors where it goes on. */
export interface Items_InviteView_ {
  readonly items: readonly InviteView[]
  readonly next: string
  readonly prev: string
}

/** An invite. `link` is a secret until it is used: whoever has it can answer. */
export interface InviteView {
  readonly id: string
  readonly kind: string
  readonly state: string
  readonly role: string
  readonly expires_at: number
  readonly link: string
  readonly code: string
  readonly contact: string
  readonly note: string
}

/** An invite to make. `label` is shown to who gets it, `note` is for us. */
export interface NewInvite {
  readonly kind?: "address" | "code" | "one-time"
  readonly label?: string
  readonly note?: string
}

/** An invite to answer: a link or a spoken code. `note` is shown to who made it. */
export interface Accepting {
  readonly link: string
  readonly note?: string
}

/** What a link or a spoken code is, found out without using it up. */
export interface ValuesLinkView {
  readonly kind: string
  readonly relays: readonly string[]
  readonly expires_at: number
  readonly expired: boolean
}

/** A list, with cursors where it goes on. */
export interface Items_ContactView_ {
  readonly items: readonly ContactView[]
  readonly next: string
  readonly prev: string
}

/** A person whose node we know. */
export interface ContactView {
  readonly id: string
  readonly name: string
  readonly standing: string
  readonly persona: string
  readonly chat: string
  readonly nodes: number
  readonly alerts: readonly string[]
  readonly note: string
  readonly single_relay: boolean
}

/** Whether to take a stranger in. */
export interface Answering {
  readonly accept: boolean
}

/** What two people compare to exclude somebody in between. */
export interface SafetyView {
  readonly words: readonly string[]
  readonly digits: readonly string[]
  readonly qr: string
  readonly verified: boolean
  readonly seen: string
}

/** The text of their QR code; none if words or digits were compared. `seen` came with what they saw. */
export interface Verifying {
  readonly qr?: string | null
  readonly seen?: string | null
}

/** Whether to trust their new keys. */
export interface Settling {
  readonly trust: boolean
}

/** On or off. */
export interface Switch {
  readonly on: boolean
}

/** A list, with cursors where it goes on. */
export interface Items_PersonView_ {
  readonly items: readonly PersonView[]
  readonly next: string
  readonly prev: string
}

/** A person. `ways` is filled where one person is shown, the best one first. */
export interface PersonView {
  readonly id: string
  readonly name: string
  readonly named: boolean
  readonly links: readonly BookLinkView[]
  readonly unread: number
  readonly last_at: number
  readonly preferred: string
  readonly ways: readonly WayView[]
  readonly proofs: readonly ProofView[]
}

/** An account of a person's, and why it is theirs. */
export interface BookLinkView {
  readonly id: string
  readonly network: string
  readonly remote_id: string
  readonly name: string
  readonly handle: string
  readonly reason: Reason
  readonly cause: string
  readonly at: number
  readonly contact: string
  readonly imported: boolean
  readonly node: boolean
}

/** Why an account is held to be a person's. What comes first counts more. */
export type Reason = "known" | "proven-both-ways" | "proven-one-way" | "said" | "signed" | "suggested"

/** A conversation one to one in which this person can be reached. */
export interface WayView {
  readonly chat: string
  readonly link: string
  readonly network: string
  readonly account: string
  readonly privacy: string
  readonly usable: boolean
  readonly why: string
  readonly healthy: boolean
  readonly last_at: number
  readonly unread: number
  readonly preferred: boolean
  readonly carries: string
}

/** An account that a contact says is theirs, and what was seen of it. */
export interface ProofView {
  readonly id: string
  readonly network: string
  readonly address: string
  readonly handle: string
  readonly state: string
  readonly why: string
  readonly seen_at: number
  readonly checked_at: number
  readonly link: string
  readonly private: boolean
}

/** A list, with cursors where it goes on. */
export interface Items_ChangeView_ {
  readonly items: readonly ChangeView[]
  readonly next: string
  readonly prev: string
}

/** A merge or a split. `kind` says which. */
export interface ChangeView {
  readonly id: string
  readonly kind: string
  readonly cause: string
  readonly at: number
  readonly undone: boolean
  readonly moved: readonly MovedView[]
  readonly people: readonly string[]
}

/** What a change did to one account. A person that is gone has an empty name. */
export interface MovedView {
  readonly link: string
  readonly network: string
  readonly address: string
  readonly before: string
  readonly after: string
}

/** A list, with cursors where it goes on. */
export interface Items_SuggestionView_ {
  readonly items: readonly SuggestionView[]
  readonly next: string
  readonly prev: string
}

/** Two people who may be one. `cause` says what speaks for it; `reason` how strong that is. */
export interface SuggestionView {
  readonly id: string
  readonly one: PersonView
  readonly other: PersonView
  readonly reason: Reason
  readonly cause: string
  readonly at: number
}

/** An address book: a file in vCard 3.0 or 4.0, in base64; or an `account` whose network has one. */
export interface Importing {
  readonly cards?: string
  readonly account?: string
  readonly dry_run?: boolean
}

/** What an import did, or in a dry run would do. */
export interface ImportView {
  readonly dry_run: boolean
  readonly new: number
  readonly known: number
  readonly suggested: number
  readonly skipped: number
  readonly items: readonly ImportedView[]
}

/** What became, or would become, of one entry of an address book. */
export interface ImportedView {
  readonly name: string
  readonly outcome: string
  readonly addresses: readonly string[]
  readonly people: readonly string[]
  readonly why: string
  readonly line: number
}

/** Another name, here; the id of the account on which to write to them. An empty one takes it back. */
export interface PersonChange {
  readonly name?: string | null
  readonly preferred?: string | null
}

/** A stretch of messages in the order of the screen, and cursors for what lies before and after. */
export interface Page {
  readonly items: readonly MessageView[]
  readonly prev: string
  readonly next: string
}

/** A message as it stands now, edits and reactions included. */
export interface MessageView {
  readonly id: string
  readonly chat: string
  readonly author: string
  readonly author_name: string
  readonly mine: boolean
  readonly kind: string
  readonly text: string
  readonly wall_s: number
  readonly state: MessageState
  readonly reason: string
  readonly reply_to: string
  readonly thread: string
  readonly edited: boolean
  readonly reactions: readonly (readonly [string, string])[]
  readonly attachments: readonly AttachmentView[]
  readonly expires_in_s: number | null
  readonly unread: boolean
  readonly author_handle: string
  readonly title: string
  readonly sensitive: boolean
  readonly url: string
  readonly protection: string
  readonly marks: readonly string[]
  readonly poll: PollView | null
  readonly doing: readonly string[]
  readonly network: string
  readonly shared_by: string
  readonly visibility: string
  readonly send_at: number
  readonly translations: Readonly<Record<string, string>>
}

/** How far a message is. */
export type MessageState = "delivered" | "expired" | "maybe" | "queued" | "read" | "received" | "refused" | "scheduled" | "sent" | "waiting"

/** A file inside a message. */
export interface AttachmentView {
  readonly name: string
  readonly media_type: string
  readonly size_bytes: number
  readonly description: string
}

/** A question with answers, on a network that has such a thing. */
export interface PollView {
  readonly choices: readonly ChoiceView[]
  readonly multiple: boolean
  readonly closed: boolean
  readonly closes_at: number | null
}

/** An answer of a poll. `votes` is None while its network hides them. */
export interface ChoiceView {
  readonly id: string
  readonly text: string
  readonly votes: number | null
  readonly mine: boolean
}

/** Something to say to a person. `via`: a conversation, a network or `node`; else the rule finds a way. */
export interface NewWords {
  readonly text?: string
  readonly reply_to?: string
  readonly attachments?: readonly NewAttachment[]
  readonly expire_s?: number | null
  readonly send_at?: number
  readonly send_in_s?: number
  readonly via?: string
}

/** A file to send; its bytes are in base64. `description` says what a picture shows. */
export interface NewAttachment {
  readonly name: string
  readonly media_type?: string
  readonly data: string
  readonly description?: string
}

/** The cursor behind what was seen (`next` of a page); an empty one means everything. */
export interface SeenUpTo {
  readonly up_to?: string
}

/** The person who is the same as this one. */
export interface Merging {
  readonly other: string
}

/** Ids of the accounts that are somebody else's. */
export interface Splitting {
  readonly links: readonly string[]
}

/** `via`: a conversation or a network; else the best one that carries private messages. */
export interface Through {
  readonly via?: string
}

/** Whether a conversation may carry what is said in private. */
export interface Carrying {
  readonly via?: string
  readonly on: boolean
}

/** A list, with cursors where it goes on. */
export interface Items_OwnProofView_ {
  readonly items: readonly OwnProofView[]
  readonly next: string
  readonly prev: string
}

/** An account of the owner's that the persona claims; or, without an id, what would be claimed. */
export interface OwnProofView {
  readonly id: string
  readonly network: string
  readonly account: string
  readonly address: string
  readonly handle: string
  readonly text: string
  readonly place: string
  readonly state: string
  readonly why: string
  readonly at: number
  readonly known_to: readonly KnownTo[]
}

/** A contact who knows which account is meant. */
export interface KnownTo {
  readonly contact: string
  readonly name: string
}

/** An account of the owner's, or a page, and contacts who are to know of it, too. */
export interface NewProof {
  readonly account: string
  readonly open_to?: readonly string[]
  readonly dry_run?: boolean
}

/** Contacts who are to know which account is meant. */
export interface Opening {
  readonly open_to: readonly string[]
}

/** A list, with cursors where it goes on. */
export interface Items_ChatView_ {
  readonly items: readonly ChatView[]
  readonly next: string
  readonly prev: string
}

/** A conversation. */
export interface ChatView {
  readonly id: string
  readonly title: string
  readonly contact: string
  readonly unread: number
  readonly standing: string
  readonly last_text: string
  readonly last_at: number
  readonly draft: string
  readonly timer_s: number
  readonly network: string
  readonly account: string
  readonly privacy: string
  readonly kind: string
  readonly last_kind: string
  readonly person: string
  readonly invitation: InvitationView | null
  readonly labels: readonly string[]
  readonly last_translations: Readonly<Record<string, string>>
  readonly title_translations: Readonly<Record<string, string>>
}

/** Somebody on another network asks the owner into a conversation. All of it is their own word. */
export interface InvitationView {
  readonly by_name: string
  readonly by_handle: string
  readonly vouched: boolean
  readonly words: string
}

/** Something to say. Contacts take 4 files of 256 KiB together, other networks up to 10 of 8 MiB.

    It leaves at `send_at` (Unix seconds) or `send_in_s` from now, up to a year ahead; else at once. */
export interface NewMessage {
  readonly text?: string
  readonly reply_to?: string
  readonly attachments?: readonly NewAttachment[]
  readonly expire_s?: number | null
  readonly send_at?: number
  readonly send_in_s?: number
}

/** The last message that was read. */
export interface ReadUpTo {
  readonly up_to: string
}

/** Seconds after which later messages disappear; 0 for never. */
export interface Timer {
  readonly seconds: number
}

/** What is being written. */
export interface DraftView {
  readonly text: string
}

/** What is being written. With `instead` it is kept only in place of that text: else `conflict`. */
export interface Draft {
  readonly text: string
  readonly instead?: string | null
}

/** Another text. */
export interface NewText {
  readonly text: string
}

/** A symbol; an empty one takes the reaction back. */
export interface Reaction {
  readonly symbol: string
}

/** What to look for; any text is allowed. */
export interface Searching {
  readonly text: string
  readonly chat?: string
  readonly limit?: number
  readonly cursor?: string
}

/** What a search found. `scope` says in words what was searched, `gaps` what it could not look at. */
export interface Found {
  readonly items: readonly Hit[]
  readonly next: string
  readonly scope: string
  readonly gaps: readonly GapView[]
}

/** A message that a search found; `snippet` marks the words with U+0002 and U+0003 around them. */
export interface Hit {
  readonly message: MessageView
  readonly snippet: string
}

/** What a search could not look at. */
export interface GapView {
  readonly code: string
  readonly account: string
  readonly network: string
}

/** A list, with cursors where it goes on. */
export interface Items_OutboxView_ {
  readonly items: readonly OutboxView[]
  readonly next: string
  readonly prev: string
}

/** Something of the owner's that is not gone yet, on whatever network. */
export interface OutboxView {
  readonly message: string
  readonly what: string
  readonly chat: string
  readonly title: string
  readonly state: string
  readonly since: number
  readonly network: string
  readonly text: string
  readonly reason: string
  readonly says: string
  readonly send_at: number
  readonly accounts: readonly string[]
  readonly title_translations: Readonly<Record<string, string>>
}

/** Another time: `send_at` in Unix seconds, or `send_in_s` from now. Neither means now. */
export interface LeavingAt {
  readonly send_at?: number
  readonly send_in_s?: number
}

/** Messages to destroy, here or with the others too. */
export interface Deleting {
  readonly ids: readonly string[]
  readonly everywhere?: boolean
}

/** A deletion, and what became of it everywhere. */
export interface DeletionView {
  readonly targets: readonly string[]
  readonly here: string
  readonly asked: boolean
  readonly id: string
  readonly at: number
  readonly chats: readonly string[]
  readonly places: readonly PlaceOfDeletion[]
  readonly receipts: number
}

/** A place where deleted messages were, or may be, and what became of them there. */
export interface PlaceOfDeletion {
  readonly where: string
  readonly name: string
  readonly state: string
  readonly messages: number
  readonly reason: string
  readonly at: number
  readonly node: string
  readonly network: string
  readonly says: string
}

/** A list, with cursors where it goes on. */
export interface Items_DeletionView_ {
  readonly items: readonly DeletionView[]
  readonly next: string
  readonly prev: string
}

/** The receipts of a deletion, to be kept and shown to others. */
export interface Receipts {
  readonly format: string
  readonly deletion: string
  readonly at: number
  readonly receipts: readonly SignedReceipt[]
}

/** What one node signed about one request: a statement, and no proof. Bytes are in hex.

    `signature` is that of `leaf_sig` over `statement`, under the label `sign deletion` (spec 21 §7).
    `sigchain` are the links of the persona: the first one makes its id, and they name the leaf. */
export interface SignedReceipt {
  readonly request: string
  readonly conversation: string
  readonly persona: string
  readonly leaf_sig: string
  readonly name: string
  readonly targets: readonly (readonly [string, string])[]
  readonly chain_seq: number
  readonly policy: number
  readonly statement: string
  readonly signature: string
  readonly sigchain: string
  readonly at: number
}

/** A list, with cursors where it goes on. */
export interface Items_NetworkView_ {
  readonly items: readonly NetworkView[]
  readonly next: string
  readonly prev: string
}

/** A bridge to a network: a package that is installed. */
export interface NetworkView {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly summary: string
  readonly tier: string
  readonly runs: boolean
  readonly problem: string
  readonly hint: string
  readonly quarantined: boolean
  readonly restarts: number
  readonly confined: readonly string[]
  readonly resident_bytes: number
}

/** A list, with cursors where it goes on. */
export interface Items_AccountView_ {
  readonly items: readonly AccountView[]
  readonly next: string
  readonly prev: string
}

/** An account of the owner on a network. */
export interface AccountView {
  readonly id: string
  readonly network: string
  readonly network_name: string
  readonly display: string
  readonly state: string
  readonly code: string
  readonly since: number
  readonly notice: string
  readonly way_out: string
  readonly says: string
  readonly paused: boolean
  readonly at_home: boolean
  readonly waiting: number
  readonly asked: number
  readonly matters: readonly MatterView[]
}

/** Something that an account has to settle with its owner, in steps as those of a login. */
export interface MatterView {
  readonly id: string
  readonly title: string
  readonly pressing: boolean
}

/** What people of a network type to reach somebody, or a `room`. */
export interface Address {
  readonly address: string
  readonly room?: boolean
}

/** A login: on a `network`, to add an account; or for an `account`, again or with other settings.

    `at_home`: its server is in the owner's own network, and may be reached there. */
export interface NewLogin {
  readonly network?: string
  readonly account?: string
  readonly why?: "add" | "reauth" | "reconfigure"
  readonly at_home?: boolean
}

/** A login. Without a step it is done, and `account` is the account that it added or renewed. */
export interface LoginView {
  readonly id: string
  readonly network: string
  readonly turn: string
  readonly step: StepView | null
  readonly account: string
}

/** What a login shows. `kind`: `form`, `open_url`, `show_and_wait` or `confirm`. */
export interface StepView {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly text: string
  readonly fields: readonly FieldView[]
  readonly show: Readonly<Record<string, string>>
  readonly poll_every_s: number | null
  readonly error: string
}

/** Something to fill in. `kind`: `text`, `secret`, `url`, `email`, `code`, `choice` or `bool`. */
export interface FieldView {
  readonly name: string
  readonly kind: string
  readonly label: string
  readonly help: string
  readonly pattern: string
  readonly options: readonly (readonly [string, string])[]
  readonly default: string
  readonly optional: boolean
}

/** What was filled in, by names of fields; `turn` is that of the step. */
export interface Answers {
  readonly turn: string
  readonly answers?: Readonly<Record<string, string>>
}

/** What was filled in at a `step` of a matter; no step asks for the first. */
export interface Settled {
  readonly step?: string
  readonly answers?: Readonly<Record<string, string>>
}

/** What a matter shows. Without a step it is settled. */
export interface SettlingView {
  readonly step: StepView | null
}

/** What can be done in a conversation of a network. Sizes in characters as `text_unit` says, and bytes. */
export interface AbilitiesView {
  readonly levels: Readonly<Record<string, string>>
  readonly max_text: number | null
  readonly text_unit: string
  readonly edit_within_s: number | null
  readonly delete_within_s: number | null
  readonly reactions: readonly string[] | null
  readonly reactions_each: number | null
  readonly media: Readonly<Record<string, number>>
  readonly max_files: number | null
  readonly visibilities: readonly string[]
  readonly privacy: string
  readonly protect: readonly string[]
}

/** Ids of the choices of a poll. */
export interface Vote {
  readonly choices: readonly string[]
}

/** A post that is being written. */
export interface DraftPost {
  readonly accounts: readonly string[]
  readonly text?: string
  readonly title?: string
  readonly sensitive?: boolean
  readonly visibility?: "" | "followers" | "public" | "unlisted"
  readonly language?: string
  readonly more?: string
  readonly leave_out?: boolean
  readonly attachments?: readonly FileFacts[]
}

/** A file that is to be sent, without its bytes. `description` says what a picture shows. */
export interface FileFacts {
  readonly name: string
  readonly media_type: string
  readonly size_bytes: number
  readonly description: string
}

/** A list, with cursors where it goes on. */
export interface Items_FitView_ {
  readonly items: readonly FitView[]
  readonly next: string
  readonly prev: string
}

/** What would stand on one network, or why nothing would. */
export interface FitView {
  readonly account: string
  readonly network: string
  readonly display: string
  readonly limit: number | null
  readonly unit: string
  readonly link_cost: number | null
  readonly visibility: string
  readonly visibilities: readonly string[]
  readonly pieces: readonly PieceView[]
  readonly files: readonly number[]
  readonly notes: readonly NoteView[]
  readonly refused: string
  readonly about: string
  readonly says: string
}

/** One post of a thread, and its length in the unit of its network, the content warning included. */
export interface PieceView {
  readonly text: string
  readonly length: number
}

/** Something that the owner should know before posting. Codes are those of `domain.fitting.Note`. */
export interface NoteView {
  readonly code: string
  readonly about: string
  readonly says: string
}

/** A post to publish, with up to 10 files of 8 MiB together; at `send_at`, or `send_in_s` from now. */
export interface NewPost {
  readonly accounts: readonly string[]
  readonly text?: string
  readonly title?: string
  readonly sensitive?: boolean
  readonly visibility?: "" | "followers" | "public" | "unlisted"
  readonly language?: string
  readonly more?: string
  readonly leave_out?: boolean
  readonly attachments?: readonly NewAttachment[]
  readonly send_at?: number
  readonly send_in_s?: number
}

/** A post, and how it stands on each network. */
export interface PostView {
  readonly id: string
  readonly text: string
  readonly wall_s: number
  readonly state: string
  readonly places: readonly PlaceView[]
  readonly title: string
  readonly sensitive: boolean
  readonly visibility: string
  readonly language: string
  readonly edited: boolean
  readonly deleted: boolean
  readonly attachments: readonly AttachmentView[]
  readonly answer_count: number
  readonly answers: readonly MessageView[]
  readonly send_at: number
}

/** A post on one network. */
export interface PlaceView {
  readonly account: string
  readonly network: string
  readonly display: string
  readonly state: string
  readonly reason: string
  readonly says: string
  readonly messages: readonly string[]
  readonly there: number
  readonly url: string
  readonly change: string
  readonly change_state: string
  readonly change_reason: string
}

/** A list, with cursors where it goes on. */
export interface Items_PostView_ {
  readonly items: readonly PostView[]
  readonly next: string
  readonly prev: string
}

/** Another text, everywhere. */
export interface PostEdit {
  readonly text: string
}

/** The account on whose network it is tried again. */
export interface Resending {
  readonly account: string
}

/** A conversation. */
export interface Target {
  readonly chat: string
}

/** A list, with cursors where it goes on. */
export interface Items_ConsentView_ {
  readonly items: readonly ConsentView[]
  readonly next: string
  readonly prev: string
}

/** What somebody said about their words going elsewhere. */
export interface ConsentView {
  readonly id: string
  readonly name: string
  readonly network: string
  readonly remote_id: string
  readonly scope: string
  readonly allowed: boolean
  readonly own_word: boolean
  readonly at: number
  readonly person: string
  readonly chat: string
  readonly chat_title: string
  readonly chat_title_translations: Readonly<Record<string, string>>
}

/** What a `person`, a `message`'s author, or whoever an `entry` is of, said of their words elsewhere.

    `chat`: of which conversation; all if empty. `scope`: into a conversation, or to where everybody reads.
    `own_word`: they know that they said no before, and take it back. */
export interface Saying {
  readonly person?: string
  readonly message?: string
  readonly entry?: string
  readonly chat?: string
  readonly scope?: "forward" | "publish"
  readonly allowed: boolean
  readonly own_word?: boolean
}

export interface Routes {
  'POST /session': { body: OpenSession; answer: SessionView }
  'GET /session': { body: undefined; answer: SessionView }
  'DELETE /session': { body: undefined; answer: null }
  'POST /pairing': { body: NewPairing; answer: PairingView }
  'GET /devices': { body: undefined; answer: Items_DeviceView_ }
  'PATCH /devices/{device}': { body: DeviceName; answer: DeviceView }
  'DELETE /devices/{device}': { body: undefined; answer: null }
  'POST /resolve': { body: Meant; answer: Named }
  'GET /status': { body: undefined; answer: StatusView }
  'GET /doctor': { body: undefined; answer: Items_Check_ }
  'POST /doctor/retry': { body: undefined; answer: Retried }
  'GET /settings': { body: undefined; answer: Items_SettingView_ }
  'PATCH /settings/{setting}': { body: SettingValue; answer: SettingView }
  'GET /nodes': { body: undefined; answer: Items_NodeView_ }
  'GET /events': { body: undefined; answer: never }
  'GET /trace': { body: undefined; answer: never }
  'POST /identity': { body: NewPersona; answer: RecoveryWords }
  'PATCH /identity': { body: Renaming; answer: StatusView }
  'POST /identity/words/check': { body: SomeWords; answer: Right }
  'POST /identity/restore': { body: Restoring; answer: StatusView }
  'PUT /identity/backup': { body: undefined; answer: Size }
  'POST /unlock': { body: Unlocking; answer: StatusView }
  'POST /lock': { body: undefined; answer: StatusView }
  'GET /relays': { body: undefined; answer: Items_RelayView_ }
  'POST /relays': { body: SomeLink; answer: RelayView }
  'DELETE /relays/{relay}': { body: undefined; answer: null }
  'POST /relays/tickets': { body: TicketOrder; answer: Links }
  'POST /carry/out': { body: OutTo; answer: CarryView }
  'POST /carry/in': { body: InFrom; answer: CarryView }
  'POST /backups': { body: InFrom; answer: Written }
  'POST /exports': { body: InFrom; answer: Written }
  'POST /backups/file': { body: undefined; answer: never }
  'POST /exports/file': { body: undefined; answer: never }
  'POST /wipe': { body: Wiping; answer: null }
  'GET /invites': { body: undefined; answer: Items_InviteView_ }
  'POST /invites': { body: NewInvite; answer: InviteView }
  'DELETE /invites/{invite}': { body: undefined; answer: null }
  'POST /invites/accept': { body: Accepting; answer: InviteView }
  'POST /links/inspect': { body: SomeLink; answer: ValuesLinkView }
  'GET /contacts': { body: undefined; answer: Items_ContactView_ }
  'GET /contacts/{contact}': { body: undefined; answer: ContactView }
  'PATCH /contacts/{contact}': { body: Renaming; answer: ContactView }
  'DELETE /contacts/{contact}': { body: undefined; answer: null }
  'POST /contacts/{contact}/answer': { body: Answering; answer: ContactView }
  'GET /contacts/{contact}/safety': { body: undefined; answer: SafetyView }
  'POST /contacts/{contact}/verify': { body: Verifying; answer: ContactView }
  'POST /contacts/{contact}/alert': { body: Settling; answer: ContactView }
  'PUT /contacts/{contact}/block': { body: Switch; answer: ContactView }
  'GET /people': { body: undefined; answer: Items_PersonView_ }
  'GET /people/changes': { body: undefined; answer: Items_ChangeView_ }
  'POST /people/changes/{change}/undo': { body: undefined; answer: ChangeView }
  'GET /people/suggestions': { body: undefined; answer: Items_SuggestionView_ }
  'POST /people/suggestions/{suggestion}/accept': { body: undefined; answer: ChangeView }
  'POST /people/suggestions/{suggestion}/refuse': { body: undefined; answer: null }
  'POST /people/import': { body: Importing; answer: ImportView }
  'GET /people/{person}': { body: undefined; answer: PersonView }
  'PATCH /people/{person}': { body: PersonChange; answer: PersonView }
  'DELETE /people/{person}': { body: undefined; answer: null }
  'GET /people/{person}/messages': { body: undefined; answer: Page }
  'POST /people/{person}/messages': { body: NewWords; answer: MessageView }
  'POST /people/{person}/read': { body: SeenUpTo; answer: PersonView }
  'POST /people/{person}/merge': { body: Merging; answer: ChangeView }
  'POST /people/{person}/split': { body: Splitting; answer: ChangeView }
  'POST /people/{person}/private': { body: Through; answer: InviteView }
  'PUT /people/{person}/carry': { body: Carrying; answer: PersonView }
  'GET /proofs': { body: undefined; answer: Items_OwnProofView_ }
  'POST /proofs': { body: NewProof; answer: OwnProofView }
  'POST /proofs/{proof}/open': { body: Opening; answer: OwnProofView }
  'DELETE /proofs/{proof}': { body: undefined; answer: null }
  'POST /people/{person}/check': { body: undefined; answer: PersonView }
  'POST /people/{person}/challenge': { body: Through; answer: PersonView }
  'DELETE /people/{person}/challenge': { body: undefined; answer: PersonView }
  'GET /chats': { body: undefined; answer: Items_ChatView_ }
  'GET /chats/{chat}': { body: undefined; answer: ChatView }
  'GET /chats/{chat}/messages': { body: undefined; answer: Page }
  'POST /chats/{chat}/messages': { body: NewMessage; answer: MessageView }
  'POST /chats/{chat}/read': { body: ReadUpTo; answer: ChatView }
  'PUT /chats/{chat}/timer': { body: Timer; answer: ChatView }
  'GET /chats/{chat}/draft': { body: undefined; answer: DraftView }
  'PUT /chats/{chat}/draft': { body: Draft; answer: null }
  'GET /messages/{message}': { body: undefined; answer: MessageView }
  'PATCH /messages/{message}': { body: NewText; answer: MessageView }
  'PUT /messages/{message}/reaction': { body: Reaction; answer: MessageView }
  'POST /messages/{message}/resend': { body: undefined; answer: MessageView }
  'POST /messages/{message}/cancel': { body: undefined; answer: MessageView }
  'GET /messages/{message}/delivery': { body: undefined; answer: MessageView }
  'GET /messages/{message}/attachments/{index}': { body: undefined; answer: never }
  'POST /search': { body: Searching; answer: Found }
  'GET /outbox': { body: undefined; answer: Items_OutboxView_ }
  'PUT /messages/{message}/time': { body: LeavingAt; answer: MessageView }
  'POST /deletions': { body: Deleting; answer: DeletionView }
  'GET /deletions': { body: undefined; answer: Items_DeletionView_ }
  'GET /deletions/{deletion}': { body: undefined; answer: DeletionView }
  'GET /deletions/{deletion}/receipts': { body: undefined; answer: Receipts }
  'GET /bridges': { body: undefined; answer: Items_NetworkView_ }
  'POST /bridges/{network}/reload': { body: undefined; answer: NetworkView }
  'GET /accounts': { body: undefined; answer: Items_AccountView_ }
  'GET /accounts/{account}': { body: undefined; answer: AccountView }
  'DELETE /accounts/{account}': { body: undefined; answer: null }
  'POST /accounts/{account}/pause': { body: undefined; answer: AccountView }
  'POST /accounts/{account}/resume': { body: undefined; answer: AccountView }
  'POST /accounts/{account}/chats': { body: Address; answer: ChatView }
  'POST /logins': { body: NewLogin; answer: LoginView }
  'GET /logins/{login}': { body: undefined; answer: LoginView }
  'POST /logins/{login}': { body: Answers; answer: LoginView }
  'DELETE /logins/{login}': { body: undefined; answer: null }
  'POST /logins/{login}/tick': { body: undefined; answer: LoginView }
  'POST /accounts/{account}/matters/{matter}': { body: Settled; answer: SettlingView }
  'DELETE /accounts/{account}/matters/{matter}': { body: undefined; answer: null }
  'GET /chats/{chat}/abilities': { body: undefined; answer: AbilitiesView }
  'GET /timeline': { body: undefined; answer: Page }
  'PUT /messages/{message}/marks/{mark}': { body: Switch; answer: MessageView }
  'POST /messages/{message}/vote': { body: Vote; answer: MessageView }
  'POST /chats/{chat}/join': { body: undefined; answer: ChatView }
  'POST /chats/{chat}/leave': { body: undefined; answer: ChatView }
  'PUT /chats/{chat}/typing': { body: Switch; answer: null }
  'POST /messages/{message}/confirm': { body: undefined; answer: MessageView }
  'POST /posts/preview': { body: DraftPost; answer: Items_FitView_ }
  'POST /posts': { body: NewPost; answer: PostView }
  'GET /posts': { body: undefined; answer: Items_PostView_ }
  'GET /posts/{post}': { body: undefined; answer: PostView }
  'PATCH /posts/{post}': { body: PostEdit; answer: PostView }
  'DELETE /posts/{post}': { body: undefined; answer: PostView }
  'POST /posts/{post}/resend': { body: Resending; answer: PostView }
  'POST /messages/{message}/forward': { body: Target; answer: MessageView }
  'GET /consents': { body: undefined; answer: Items_ConsentView_ }
  'PUT /consents': { body: Saying; answer: Items_ConsentView_ }
}

export type Datum = string | number | boolean

export interface Events {
  'node.changed': Record<string, never>
  'node.quarantine': Record<string, never>
  'node.forked': Record<string, never>
  'settings.changed': { setting: Datum }
  'contact.new': { contact: Datum }
  'contact.changed': { contact: Datum }
  'contact.removed': { contact: Datum }
  'contact.request': { request: Datum }
  'contact.alert': { contact: Datum; kind: Datum }
  'invite.changed': { invite: Datum; state: Datum }
  'invite.burnt': { invite: Datum }
  'people.changed': { person: Datum }
  'people.removed': { person: Datum }
  'people.suggested': { suggestion: Datum }
  'proofs.changed': Record<string, never>
  'chat.new': { chat: Datum; contact: Datum }
  'chat.changed': { chat: Datum }
  'chat.invited': { chat: Datum }
  'chat.typing': { chat: Datum; author: Datum; on: Datum }
  'draft.changed': { chat: Datum }
  'outbox.changed': { message: Datum; chat: Datum }
  'deletion.changed': { deletion: Datum }
  'message.new': { chat: Datum; message: Datum; mine: Datum }
  'message.changed': { chat: Datum; message: Datum }
  'message.deleted': { chat: Datum; message: Datum }
  'message.state': { message: Datum; state: Datum; chat?: Datum }
  'post.changed': { post: Datum }
  'relay.changed': { relay: Datum; state: Datum; reason?: Datum }
  'relay.tickets': { relay: Datum }
  'relay.direct': { relay: Datum; reason: Datum }
  'relay.waiting': { relay: Datum; reason: Datum }
  'relay.contradicts': { relay: Datum }
  'queue.dead': { relay: Datum }
  'incoming.refused': { code: Datum; rule: Datum; peer: Datum }
  'incoming.unknown': { kind: Datum }
  'incoming.poison': { peer: Datum }
  'bridge.changed': { account: Datum }
  'bridge.notice': { account: Datum; notice: Datum; way_out: Datum }
  'bridge.carries': { chat: Datum }
  'bridge.removed': { account: Datum }
  'bridge.claim': { account: Datum }
  'bridge.shelved': { account: Datum }
}

export const EVENTS = [
  'node.changed',
  'node.quarantine',
  'node.forked',
  'settings.changed',
  'contact.new',
  'contact.changed',
  'contact.removed',
  'contact.request',
  'contact.alert',
  'invite.changed',
  'invite.burnt',
  'people.changed',
  'people.removed',
  'people.suggested',
  'proofs.changed',
  'chat.new',
  'chat.changed',
  'chat.invited',
  'chat.typing',
  'draft.changed',
  'outbox.changed',
  'deletion.changed',
  'message.new',
  'message.changed',
  'message.deleted',
  'message.state',
  'post.changed',
  'relay.changed',
  'relay.tickets',
  'relay.direct',
  'relay.waiting',
  'relay.contradicts',
  'queue.dead',
  'incoming.refused',
  'incoming.unknown',
  'incoming.poison',
  'bridge.changed',
  'bridge.notice',
  'bridge.carries',
  'bridge.removed',
  'bridge.claim',
  'bridge.shelved',
] as const
