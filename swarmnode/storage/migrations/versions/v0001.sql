CREATE TABLE body (
    id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    CONSTRAINT pk_body PRIMARY KEY (id)
);

CREATE TABLE book_change (
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    at INTEGER NOT NULL,
    undone_at INTEGER,
    CONSTRAINT pk_book_change PRIMARY KEY (id)
);

CREATE INDEX ix_book_change_standing ON book_change (id) WHERE undone_at IS NULL;

CREATE TABLE book_person (
    id INTEGER NOT NULL,
    name TEXT NOT NULL,
    sort TEXT NOT NULL,
    named BOOLEAN NOT NULL,
    preferred INTEGER,
    merged_into INTEGER,
    created_at INTEGER NOT NULL,
    CONSTRAINT pk_book_person PRIMARY KEY (id)
);

CREATE INDEX ix_book_person_list ON book_person (sort, id) WHERE merged_into IS NULL;

CREATE INDEX ix_book_person_merged ON book_person (merged_into) WHERE merged_into IS NOT NULL;

CREATE TABLE bridge_account (
    id INTEGER NOT NULL,
    account TEXT NOT NULL,
    package TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    display TEXT NOT NULL,
    settings BLOB NOT NULL,
    hosts BLOB NOT NULL,
    cursor BLOB,
    generation INTEGER NOT NULL,
    data_version INTEGER NOT NULL,
    abilities BLOB,
    at_home BOOLEAN NOT NULL,
    paused BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    code TEXT NOT NULL,
    since INTEGER NOT NULL,
    notice TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    CONSTRAINT pk_bridge_account PRIMARY KEY (id),
    CONSTRAINT uq_bridge_account_package_remote_id UNIQUE (package, remote_id),
    CONSTRAINT uq_bridge_account_account UNIQUE (account)
);

CREATE TABLE bridge_consent (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    package TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    place TEXT NOT NULL,
    scope TEXT NOT NULL,
    allowed BOOLEAN NOT NULL,
    own_word BOOLEAN NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT uq_bridge_consent_package_remote_id_place_scope UNIQUE (package, remote_id, place, scope)
);

CREATE TABLE bridge_forward (
    id INTEGER NOT NULL,
    message TEXT NOT NULL,
    provenance BLOB NOT NULL,
    CONSTRAINT pk_bridge_forward PRIMARY KEY (id),
    CONSTRAINT uq_bridge_forward_message UNIQUE (message)
);

CREATE TABLE bridge_hold (
    id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    until INTEGER,
    failures INTEGER NOT NULL,
    probe TEXT NOT NULL,
    CONSTRAINT pk_bridge_hold PRIMARY KEY (id),
    CONSTRAINT uq_bridge_hold_scope_reason UNIQUE (scope, reason)
);

CREATE TABLE bridge_login (
    id TEXT NOT NULL,
    package TEXT NOT NULL,
    account TEXT NOT NULL,
    why TEXT NOT NULL,
    at_home BOOLEAN NOT NULL,
    settings BLOB NOT NULL,
    scratch BLOB NOT NULL,
    turn TEXT NOT NULL,
    answered TEXT NOT NULL,
    shown BLOB,
    created_at INTEGER NOT NULL,
    CONSTRAINT pk_bridge_login PRIMARY KEY (id)
);

CREATE TABLE contact (
    id INTEGER NOT NULL,
    persona_id BLOB NOT NULL,
    name TEXT NOT NULL,
    standing TEXT NOT NULL,
    chain BLOB NOT NULL,
    forks BLOB,
    confirmed BLOB,
    note TEXT NOT NULL,
    blocked BOOLEAN NOT NULL,
    strict BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    verified_at INTEGER,
    CONSTRAINT pk_contact PRIMARY KEY (id),
    CONSTRAINT uq_contact_persona_id UNIQUE (persona_id)
);

CREATE TABLE deletion (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    everywhere BOOLEAN NOT NULL
);

CREATE TABLE deletion_receipt (
    id INTEGER NOT NULL,
    request BLOB NOT NULL,
    conversation BLOB NOT NULL,
    persona_id BLOB NOT NULL,
    leaf_sig BLOB NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    chain BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_deletion_receipt PRIMARY KEY (id),
    CONSTRAINT uq_deletion_receipt_request_leaf_sig UNIQUE (request, leaf_sig)
);

CREATE TABLE device (
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    token_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at INTEGER NOT NULL,
    CONSTRAINT pk_device PRIMARY KEY (id),
    CONSTRAINT uq_device_token_hash UNIQUE (token_hash)
);

CREATE TABLE evidence (
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_evidence PRIMARY KEY (id),
    CONSTRAINT uq_evidence_data UNIQUE (data)
);

CREATE TABLE idempotency (
    "key" TEXT NOT NULL,
    request_hash BLOB NOT NULL,
    status INTEGER NOT NULL,
    response BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_idempotency PRIMARY KEY ("key")
);

CREATE INDEX ix_idempotency_at ON idempotency (at);

CREATE TABLE key_block (
    id INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    used INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    CONSTRAINT pk_key_block PRIMARY KEY (id)
);

CREATE TABLE later (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    chat TEXT NOT NULL,
    body_id INTEGER,
    send_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    became TEXT NOT NULL
);

CREATE INDEX ix_later_waiting ON later (send_at) WHERE body_id IS NOT NULL;

CREATE TABLE own_claim (
    id INTEGER NOT NULL,
    network TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    handle TEXT NOT NULL,
    address TEXT NOT NULL,
    nonce BLOB NOT NULL,
    place TEXT NOT NULL,
    stands BOOLEAN NOT NULL,
    shown TEXT NOT NULL,
    why TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_own_claim PRIMARY KEY (id),
    CONSTRAINT uq_own_claim_network_handle UNIQUE (network, handle)
);

CREATE TABLE part (
    id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    name BLOB NOT NULL,
    payload BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_part PRIMARY KEY (id)
);

CREATE INDEX ix_part_scope ON part (scope, name);

CREATE TABLE part_done (
    id INTEGER NOT NULL,
    scope TEXT NOT NULL,
    name BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_part_done PRIMARY KEY (id),
    CONSTRAINT uq_part_done_scope_name UNIQUE (scope, name)
);

CREATE TABLE persona (
    id INTEGER NOT NULL,
    chain BLOB NOT NULL,
    root BLOB,
    node_secret BLOB NOT NULL,
    node_seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    words_seen BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT pk_persona PRIMARY KEY (id)
);

CREATE TABLE post (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    body_id INTEGER,
    edited BOOLEAN NOT NULL,
    created_at INTEGER NOT NULL,
    gone_at INTEGER
);

CREATE TABLE relay (
    id INTEGER NOT NULL,
    address TEXT NOT NULL,
    pin BLOB NOT NULL,
    "key" BLOB,
    hpke BLOB,
    own BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    failed_since INTEGER,
    failures INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    CONSTRAINT pk_relay PRIMARY KEY (id),
    CONSTRAINT uq_relay_pin UNIQUE (pin)
);

CREATE TABLE setting (
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    CONSTRAINT pk_setting PRIMARY KEY (name)
);

CREATE TABLE alert (
    id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    at INTEGER NOT NULL,
    settled BOOLEAN NOT NULL,
    CONSTRAINT pk_alert PRIMARY KEY (id),
    CONSTRAINT uq_alert_contact_id_kind_data UNIQUE (contact_id, kind, data),
    CONSTRAINT fk_alert_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_alert_contact_id ON alert (contact_id);

CREATE TABLE book_account (
    id INTEGER NOT NULL,
    person_id INTEGER NOT NULL,
    network TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    contact_id INTEGER,
    address TEXT,
    carded BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_book_account PRIMARY KEY (id),
    CONSTRAINT uq_book_account_network_remote_id UNIQUE (network, remote_id),
    CONSTRAINT fk_book_account_person_id_book_person FOREIGN KEY(person_id) REFERENCES book_person (id) ON DELETE CASCADE,
    CONSTRAINT uq_book_account_contact_id UNIQUE (contact_id),
    CONSTRAINT fk_book_account_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_book_account_address ON book_account (address) WHERE address IS NOT NULL;

CREATE INDEX ix_book_account_person_id ON book_account (person_id);

CREATE TABLE bridge_kv (
    id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    CONSTRAINT pk_bridge_kv PRIMARY KEY (id),
    CONSTRAINT uq_bridge_kv_account_id_name UNIQUE (account_id, name),
    CONSTRAINT fk_bridge_kv_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_bridge_kv_account_id ON bridge_kv (account_id);

CREATE TABLE bridge_secret (
    id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    CONSTRAINT pk_bridge_secret PRIMARY KEY (id),
    CONSTRAINT uq_bridge_secret_account_id_name UNIQUE (account_id, name),
    CONSTRAINT fk_bridge_secret_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_bridge_secret_account_id ON bridge_secret (account_id);

CREATE TABLE bridge_shelf (
    id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    event BLOB NOT NULL,
    why TEXT NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_bridge_shelf PRIMARY KEY (id),
    CONSTRAINT fk_bridge_shelf_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_bridge_shelf_account_id ON bridge_shelf (account_id);

CREATE TABLE contact_claim (
    id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    hash BLOB NOT NULL,
    network TEXT NOT NULL,
    handle TEXT NOT NULL,
    address TEXT NOT NULL,
    nonce BLOB NOT NULL,
    stands BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    remote_id TEXT,
    account_id INTEGER,
    "before" TEXT,
    seen_at INTEGER,
    checked_at INTEGER,
    next_at INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_contact_claim PRIMARY KEY (id),
    CONSTRAINT uq_contact_claim_contact_id_hash UNIQUE (contact_id, hash),
    CONSTRAINT fk_contact_claim_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_contact_claim_account ON contact_claim (network, remote_id);

CREATE INDEX ix_contact_claim_due ON contact_claim (next_at) WHERE stands;

CREATE TABLE conversation (
    id INTEGER NOT NULL,
    conv_id BLOB NOT NULL,
    contact_id INTEGER,
    lamport INTEGER NOT NULL,
    tips BLOB,
    timer_s INTEGER NOT NULL,
    timer_rank BLOB,
    created_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    CONSTRAINT pk_conversation PRIMARY KEY (id),
    CONSTRAINT uq_conversation_conv_id UNIQUE (conv_id),
    CONSTRAINT fk_conversation_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_conversation_contact_id ON conversation (contact_id);

CREATE TABLE deletion_item (
    id INTEGER NOT NULL,
    deletion_id INTEGER NOT NULL,
    message TEXT NOT NULL,
    chat TEXT NOT NULL,
    was TEXT NOT NULL,
    request BLOB,
    cannot TEXT NOT NULL,
    CONSTRAINT pk_deletion_item PRIMARY KEY (id),
    CONSTRAINT fk_deletion_item_deletion_id_deletion FOREIGN KEY(deletion_id) REFERENCES deletion (id) ON DELETE CASCADE
);

CREATE INDEX ix_deletion_item_deletion_id ON deletion_item (deletion_id);

CREATE INDEX ix_deletion_item_message ON deletion_item (message);

CREATE INDEX ix_deletion_item_request ON deletion_item (request);

CREATE TABLE invite (
    id INTEGER NOT NULL,
    inv_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    link TEXT NOT NULL,
    code TEXT NOT NULL,
    secret BLOB,
    bundle BLOB,
    request BLOB,
    request_hash BLOB,
    answer BLOB,
    key_package BLOB,
    psk BLOB,
    contact_id INTEGER,
    note TEXT NOT NULL,
    label TEXT NOT NULL,
    progress BLOB,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    CONSTRAINT pk_invite PRIMARY KEY (id),
    CONSTRAINT uq_invite_inv_id_role_request_hash UNIQUE (inv_id, role, request_hash),
    CONSTRAINT fk_invite_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_invite_contact_id ON invite (contact_id);

CREATE TABLE noticed_claim (
    id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    handle TEXT NOT NULL,
    texts BLOB NOT NULL,
    vouched BOOLEAN NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_noticed_claim PRIMARY KEY (id),
    CONSTRAINT uq_noticed_claim_account_id_remote_id UNIQUE (account_id, remote_id),
    CONSTRAINT fk_noticed_claim_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE
);

CREATE TABLE own_claim_opened (
    id INTEGER NOT NULL,
    claim_id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_own_claim_opened PRIMARY KEY (id),
    CONSTRAINT uq_own_claim_opened_claim_id_contact_id UNIQUE (claim_id, contact_id),
    CONSTRAINT fk_own_claim_opened_claim_id_own_claim FOREIGN KEY(claim_id) REFERENCES own_claim (id) ON DELETE CASCADE,
    CONSTRAINT fk_own_claim_opened_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE
);

CREATE INDEX ix_own_claim_opened_contact_id ON own_claim_opened (contact_id);

CREATE TABLE peer (
    id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    leaf_sig BLOB NOT NULL,
    node_seq INTEGER NOT NULL,
    active BOOLEAN NOT NULL,
    pair_secret BLOB,
    safety BLOB,
    transcript BLOB,
    boot INTEGER NOT NULL,
    instance BLOB,
    address_record BLOB,
    heard_at INTEGER,
    have_sent_at INTEGER,
    CONSTRAINT pk_peer PRIMARY KEY (id),
    CONSTRAINT fk_peer_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE,
    CONSTRAINT uq_peer_leaf_sig UNIQUE (leaf_sig)
);

CREATE INDEX ix_peer_contact_id ON peer (contact_id);

CREATE TABLE post_place (
    id INTEGER NOT NULL,
    post_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    refused TEXT NOT NULL,
    change TEXT NOT NULL,
    cannot TEXT NOT NULL,
    CONSTRAINT pk_post_place PRIMARY KEY (id),
    CONSTRAINT uq_post_place_post_id_account_id UNIQUE (post_id, account_id),
    CONSTRAINT fk_post_place_post_id_post FOREIGN KEY(post_id) REFERENCES post (id) ON DELETE CASCADE,
    CONSTRAINT fk_post_place_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_post_place_account_id ON post_place (account_id);

CREATE TABLE remote_actor (
    id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    same_as INTEGER,
    owner BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    handle TEXT NOT NULL,
    url TEXT NOT NULL,
    avatar BLOB,
    bot BOOLEAN NOT NULL,
    CONSTRAINT pk_remote_actor PRIMARY KEY (id),
    CONSTRAINT uq_remote_actor_account_id_remote_id UNIQUE (account_id, remote_id),
    CONSTRAINT fk_remote_actor_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_remote_actor_account_id ON remote_actor (account_id);

CREATE TABLE remote_conversation (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    private BOOLEAN NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    topic TEXT NOT NULL,
    labels BLOB,
    members BLOB,
    moderators BLOB,
    partner TEXT,
    encrypted TEXT NOT NULL,
    archived BOOLEAN NOT NULL,
    gone BOOLEAN NOT NULL,
    invitation BLOB,
    moved_to INTEGER,
    abilities BLOB,
    ask BOOLEAN NOT NULL,
    history TEXT NOT NULL,
    history_at BLOB,
    history_due INTEGER NOT NULL,
    history_failures INTEGER NOT NULL,
    read_id INTEGER,
    draft_id INTEGER,
    last_at INTEGER NOT NULL,
    CONSTRAINT uq_remote_conversation_account_id_remote_id_private UNIQUE (account_id, remote_id, private),
    CONSTRAINT fk_remote_conversation_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_remote_conversation_account_id ON remote_conversation (account_id);

CREATE INDEX ix_remote_conversation_partner ON remote_conversation (partner, account_id) WHERE partner IS NOT NULL;

CREATE TABLE ticket (
    id INTEGER NOT NULL,
    relay_id INTEGER NOT NULL,
    ticket BLOB NOT NULL,
    used BOOLEAN NOT NULL,
    CONSTRAINT pk_ticket PRIMARY KEY (id),
    CONSTRAINT fk_ticket_relay_id_relay FOREIGN KEY(relay_id) REFERENCES relay (id) ON DELETE CASCADE,
    CONSTRAINT uq_ticket_ticket UNIQUE (ticket)
);

CREATE INDEX ix_ticket_relay_id ON ticket (relay_id);

CREATE TABLE author (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    persona_id BLOB NOT NULL,
    leaf_sig BLOB NOT NULL,
    start INTEGER NOT NULL,
    next_seq INTEGER NOT NULL,
    head BLOB,
    fork BLOB,
    asked_at INTEGER,
    CONSTRAINT pk_author PRIMARY KEY (id),
    CONSTRAINT uq_author_conversation_id_leaf_sig UNIQUE (conversation_id, leaf_sig),
    CONSTRAINT fk_author_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);

CREATE TABLE book_move (
    id INTEGER NOT NULL,
    change_id INTEGER NOT NULL,
    account_id INTEGER NOT NULL,
    from_person INTEGER NOT NULL,
    to_person INTEGER NOT NULL,
    from_reason TEXT NOT NULL,
    from_cause TEXT NOT NULL,
    to_reason TEXT NOT NULL,
    to_cause TEXT NOT NULL,
    CONSTRAINT pk_book_move PRIMARY KEY (id),
    CONSTRAINT fk_book_move_change_id_book_change FOREIGN KEY(change_id) REFERENCES book_change (id) ON DELETE CASCADE,
    CONSTRAINT fk_book_move_account_id_book_account FOREIGN KEY(account_id) REFERENCES book_account (id) ON DELETE CASCADE
);

CREATE INDEX ix_book_move_account_id ON book_move (account_id);

CREATE INDEX ix_book_move_change_id ON book_move (change_id);

CREATE INDEX ix_book_move_from_person ON book_move (from_person);

CREATE INDEX ix_book_move_to_person ON book_move (to_person);

CREATE TABLE book_suggestion (
    id INTEGER NOT NULL,
    one_id INTEGER NOT NULL,
    other_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT NOT NULL,
    refused BOOLEAN NOT NULL,
    change_id INTEGER,
    at INTEGER NOT NULL,
    CONSTRAINT pk_book_suggestion PRIMARY KEY (id),
    CONSTRAINT uq_book_suggestion_one_id_other_id UNIQUE (one_id, other_id),
    CONSTRAINT fk_book_suggestion_one_id_book_account FOREIGN KEY(one_id) REFERENCES book_account (id) ON DELETE CASCADE,
    CONSTRAINT fk_book_suggestion_other_id_book_account FOREIGN KEY(other_id) REFERENCES book_account (id) ON DELETE CASCADE,
    CONSTRAINT fk_book_suggestion_change_id_book_change FOREIGN KEY(change_id) REFERENCES book_change (id) ON DELETE SET NULL
);

CREATE INDEX ix_book_suggestion_change_id ON book_suggestion (change_id);

CREATE INDEX ix_book_suggestion_open ON book_suggestion (id) WHERE NOT refused;

CREATE INDEX ix_book_suggestion_other_id ON book_suggestion (other_id);

CREATE TABLE carriage_came (
    id INTEGER NOT NULL,
    room_id INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name BLOB NOT NULL,
    blob BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_carriage_came PRIMARY KEY (id),
    CONSTRAINT fk_carriage_came_room_id_remote_conversation FOREIGN KEY(room_id) REFERENCES remote_conversation (id) ON DELETE CASCADE
);

CREATE INDEX ix_carriage_came_sender ON carriage_came (room_id, actor);

CREATE TABLE carriage_route (
    id INTEGER NOT NULL,
    room_id INTEGER NOT NULL,
    peer_id INTEGER,
    invite_id INTEGER,
    state TEXT NOT NULL,
    size INTEGER NOT NULL,
    form TEXT NOT NULL,
    nonce BLOB,
    theirs BLOB,
    link_seq INTEGER NOT NULL,
    hour INTEGER NOT NULL,
    used INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    CONSTRAINT pk_carriage_route PRIMARY KEY (id),
    CONSTRAINT uq_carriage_route_room_id_peer_id UNIQUE (room_id, peer_id),
    CONSTRAINT fk_carriage_route_room_id_remote_conversation FOREIGN KEY(room_id) REFERENCES remote_conversation (id) ON DELETE CASCADE,
    CONSTRAINT fk_carriage_route_peer_id_peer FOREIGN KEY(peer_id) REFERENCES peer (id) ON DELETE CASCADE,
    CONSTRAINT fk_carriage_route_invite_id_invite FOREIGN KEY(invite_id) REFERENCES invite (id) ON DELETE CASCADE
);

CREATE INDEX ix_carriage_route_invite_id ON carriage_route (invite_id);

CREATE INDEX ix_carriage_route_peer_id ON carriage_route (peer_id);

CREATE TABLE challenge (
    id INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    name BLOB NOT NULL,
    network TEXT NOT NULL,
    mine TEXT NOT NULL,
    theirs TEXT NOT NULL,
    address TEXT NOT NULL,
    account_id INTEGER,
    room_id INTEGER,
    remote_id TEXT,
    ours BOOLEAN NOT NULL,
    nonce BLOB NOT NULL,
    second BLOB NOT NULL,
    ends_at INTEGER NOT NULL,
    stage TEXT NOT NULL,
    answer BLOB,
    said TEXT NOT NULL,
    intent TEXT,
    at INTEGER NOT NULL,
    seen_at INTEGER,
    CONSTRAINT pk_challenge PRIMARY KEY (id),
    CONSTRAINT uq_challenge_contact_id_name UNIQUE (contact_id, name),
    CONSTRAINT fk_challenge_contact_id_contact FOREIGN KEY(contact_id) REFERENCES contact (id) ON DELETE CASCADE,
    CONSTRAINT fk_challenge_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE SET NULL,
    CONSTRAINT fk_challenge_room_id_remote_conversation FOREIGN KEY(room_id) REFERENCES remote_conversation (id) ON DELETE SET NULL,
    CONSTRAINT uq_challenge_intent UNIQUE (intent)
);

CREATE INDEX ix_challenge_account_id ON challenge (account_id);

CREATE INDEX ix_challenge_contact_id ON challenge (contact_id);

CREATE TABLE deletion_request (
    name BLOB NOT NULL,
    conversation_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    again_at INTEGER,
    tries INTEGER NOT NULL,
    CONSTRAINT pk_deletion_request PRIMARY KEY (name),
    CONSTRAINT fk_deletion_request_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);

CREATE INDEX ix_deletion_request_again ON deletion_request (again_at) WHERE again_at IS NOT NULL;

CREATE INDEX ix_deletion_request_conversation_id ON deletion_request (conversation_id);

CREATE TABLE draft (
    conversation_id INTEGER NOT NULL,
    body_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_draft PRIMARY KEY (conversation_id),
    CONSTRAINT fk_draft_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
    CONSTRAINT fk_draft_body_id_body FOREIGN KEY(body_id) REFERENCES body (id)
);

CREATE INDEX ix_draft_body_id ON draft (body_id);

CREATE TABLE gap (
    id INTEGER NOT NULL,
    peer_id INTEGER,
    kind TEXT NOT NULL,
    data BLOB NOT NULL,
    at INTEGER NOT NULL,
    repaired BOOLEAN NOT NULL,
    CONSTRAINT pk_gap PRIMARY KEY (id),
    CONSTRAINT fk_gap_peer_id_peer FOREIGN KEY(peer_id) REFERENCES peer (id) ON DELETE CASCADE
);

CREATE INDEX ix_gap_peer_id ON gap (peer_id);

CREATE TABLE held (
    id INTEGER NOT NULL,
    group_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    peer_id INTEGER,
    wire BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_held PRIMARY KEY (id),
    CONSTRAINT fk_held_peer_id_peer FOREIGN KEY(peer_id) REFERENCES peer (id) ON DELETE CASCADE
);

CREATE INDEX ix_held_group_id ON held (group_id);

CREATE INDEX ix_held_peer_id ON held (peer_id);

CREATE TABLE mls_group (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    group_id BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    epoch_part BLOB NOT NULL,
    current BOOLEAN NOT NULL,
    updated_at INTEGER NOT NULL,
    confirmed_epoch INTEGER NOT NULL,
    retired_at INTEGER,
    CONSTRAINT pk_mls_group PRIMARY KEY (id),
    CONSTRAINT fk_mls_group_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
    CONSTRAINT uq_mls_group_group_id UNIQUE (group_id)
);

CREATE INDEX ix_mls_group_conversation_id ON mls_group (conversation_id);

CREATE TABLE queue_in (
    id INTEGER NOT NULL,
    relay_id INTEGER NOT NULL,
    peer_id INTEGER,
    invite_id INTEGER,
    kind INTEGER NOT NULL,
    ticket_id INTEGER,
    secret BLOB NOT NULL,
    queue_key BLOB NOT NULL,
    rid BLOB,
    sid BLOB,
    state TEXT NOT NULL,
    until INTEGER,
    upto INTEGER NOT NULL,
    beyond BLOB,
    told BOOLEAN NOT NULL,
    made_at INTEGER NOT NULL,
    drained_at INTEGER,
    CONSTRAINT pk_queue_in PRIMARY KEY (id),
    CONSTRAINT fk_queue_in_relay_id_relay FOREIGN KEY(relay_id) REFERENCES relay (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_in_peer_id_peer FOREIGN KEY(peer_id) REFERENCES peer (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_in_invite_id_invite FOREIGN KEY(invite_id) REFERENCES invite (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_in_ticket_id_ticket FOREIGN KEY(ticket_id) REFERENCES ticket (id),
    CONSTRAINT uq_queue_in_rid UNIQUE (rid),
    CONSTRAINT uq_queue_in_sid UNIQUE (sid)
);

CREATE INDEX ix_queue_in_invite_id ON queue_in (invite_id);

CREATE INDEX ix_queue_in_peer_id ON queue_in (peer_id);

CREATE INDEX ix_queue_in_relay_id ON queue_in (relay_id);

CREATE INDEX ix_queue_in_ticket_id ON queue_in (ticket_id);

CREATE TABLE queue_out (
    id INTEGER NOT NULL,
    peer_id INTEGER,
    invite_id INTEGER,
    relay_id INTEGER NOT NULL,
    stranger BOOLEAN NOT NULL,
    record BLOB NOT NULL,
    sid BLOB NOT NULL,
    secret BLOB NOT NULL,
    keyed BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    link_seq INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    CONSTRAINT pk_queue_out PRIMARY KEY (id),
    CONSTRAINT fk_queue_out_peer_id_peer FOREIGN KEY(peer_id) REFERENCES peer (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_out_invite_id_invite FOREIGN KEY(invite_id) REFERENCES invite (id) ON DELETE CASCADE,
    CONSTRAINT fk_queue_out_relay_id_relay FOREIGN KEY(relay_id) REFERENCES relay (id) ON DELETE CASCADE,
    CONSTRAINT uq_queue_out_sid UNIQUE (sid)
);

CREATE INDEX ix_queue_out_invite_id ON queue_out (invite_id);

CREATE INDEX ix_queue_out_peer_id ON queue_out (peer_id);

CREATE INDEX ix_queue_out_relay_id ON queue_out (relay_id);

CREATE TABLE receipt_intent (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    status INTEGER NOT NULL,
    leaf_sig BLOB NOT NULL,
    seq INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    CONSTRAINT pk_receipt_intent PRIMARY KEY (id),
    CONSTRAINT uq_receipt_intent_conversation_id_status_leaf_sig_seq UNIQUE (conversation_id, status, leaf_sig, seq),
    CONSTRAINT fk_receipt_intent_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);

CREATE TABLE remote_coverage (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    since TEXT,
    until TEXT,
    hole BOOLEAN NOT NULL,
    CONSTRAINT pk_remote_coverage PRIMARY KEY (id),
    CONSTRAINT fk_remote_coverage_conversation_id_remote_conversation FOREIGN KEY(conversation_id) REFERENCES remote_conversation (id) ON DELETE CASCADE
);

CREATE INDEX ix_remote_coverage_conversation_id ON remote_coverage (conversation_id);

CREATE TABLE remote_message (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL,
    remote_id TEXT,
    part TEXT NOT NULL,
    actor_id INTEGER,
    mine BOOLEAN NOT NULL,
    revision TEXT NOT NULL,
    revisions BLOB,
    place TEXT NOT NULL,
    rank INTEGER NOT NULL,
    wall_s INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    unread BOOLEAN NOT NULL,
    edited BOOLEAN NOT NULL,
    marks BLOB,
    body_id INTEGER,
    search_id INTEGER,
    copy_hash BLOB,
    intent_id INTEGER,
    number INTEGER NOT NULL,
    gone_at INTEGER,
    answers TEXT,
    answers_in INTEGER,
    CONSTRAINT uq_remote_message_conversation_id_remote_id_part UNIQUE (conversation_id, remote_id, part),
    CONSTRAINT fk_remote_message_conversation_id_remote_conversation FOREIGN KEY(conversation_id) REFERENCES remote_conversation (id) ON DELETE CASCADE,
    CONSTRAINT fk_remote_message_actor_id_remote_actor FOREIGN KEY(actor_id) REFERENCES remote_actor (id),
    CONSTRAINT uq_remote_message_search_id UNIQUE (search_id)
);

CREATE INDEX ix_remote_message_answers ON remote_message (answers_in, answers) WHERE answers IS NOT NULL;

CREATE INDEX ix_remote_message_copy ON remote_message (conversation_id, copy_hash) WHERE copy_hash IS NOT NULL;

CREATE INDEX ix_remote_message_failed ON remote_message (id) WHERE state IN ('refused', 'expired');

CREATE INDEX ix_remote_message_intent_id ON remote_message (intent_id);

CREATE INDEX ix_remote_message_order ON remote_message (conversation_id, place, rank);

CREATE INDEX ix_remote_message_unread ON remote_message (conversation_id) WHERE unread;

CREATE TABLE remote_parked (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    part TEXT NOT NULL,
    event BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_remote_parked PRIMARY KEY (id),
    CONSTRAINT fk_remote_parked_conversation_id_remote_conversation FOREIGN KEY(conversation_id) REFERENCES remote_conversation (id) ON DELETE CASCADE
);

CREATE INDEX ix_remote_parked_target ON remote_parked (conversation_id, remote_id, part);

CREATE TABLE remote_tombstone (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    part TEXT NOT NULL,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_remote_tombstone PRIMARY KEY (id),
    CONSTRAINT uq_remote_tombstone_conversation_id_remote_id_part_actor UNIQUE (conversation_id, remote_id, part, actor),
    CONSTRAINT fk_remote_tombstone_conversation_id_remote_conversation FOREIGN KEY(conversation_id) REFERENCES remote_conversation (id) ON DELETE CASCADE
);

CREATE TABLE wanted_deletion (
    name BLOB NOT NULL,
    conversation_id INTEGER NOT NULL,
    request BLOB NOT NULL,
    persona_id BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_wanted_deletion PRIMARY KEY (name),
    CONSTRAINT fk_wanted_deletion_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE
);

CREATE INDEX ix_wanted_deletion_conversation_id ON wanted_deletion (conversation_id);

CREATE TABLE message (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    author_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    name BLOB NOT NULL,
    prev BLOB,
    parents BLOB,
    lamport INTEGER NOT NULL,
    height INTEGER NOT NULL,
    signature BLOB NOT NULL,
    wall_s INTEGER NOT NULL,
    type INTEGER NOT NULL,
    target BLOB,
    mine BOOLEAN NOT NULL,
    shown BOOLEAN NOT NULL,
    body_id INTEGER,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    unread BOOLEAN NOT NULL,
    expire_s INTEGER NOT NULL,
    left_s INTEGER,
    shredded_at INTEGER,
    CONSTRAINT pk_message PRIMARY KEY (id),
    CONSTRAINT uq_message_author_id_seq UNIQUE (author_id, seq),
    CONSTRAINT fk_message_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
    CONSTRAINT fk_message_author_id_author FOREIGN KEY(author_id) REFERENCES author (id),
    CONSTRAINT uq_message_name UNIQUE (name)
);

CREATE INDEX ix_message_given_up ON message (id) WHERE state = 'expired';

CREATE INDEX ix_message_order ON message (conversation_id, height, name);

CREATE INDEX ix_message_target ON message (target) WHERE target IS NOT NULL;

CREATE INDEX ix_message_timer ON message (left_s) WHERE left_s IS NOT NULL;

CREATE INDEX ix_message_unread ON message (conversation_id, unread) WHERE unread;

CREATE TABLE mls_ratchets (
    group_id INTEGER NOT NULL,
    messages_part BLOB NOT NULL,
    sent INTEGER NOT NULL,
    CONSTRAINT pk_mls_ratchets PRIMARY KEY (group_id),
    CONSTRAINT fk_mls_ratchets_group_id_mls_group FOREIGN KEY(group_id) REFERENCES mls_group (id) ON DELETE CASCADE
);

CREATE TABLE post_part (
    id INTEGER NOT NULL,
    place_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    CONSTRAINT pk_post_part PRIMARY KEY (id),
    CONSTRAINT fk_post_part_place_id_post_place FOREIGN KEY(place_id) REFERENCES post_place (id) ON DELETE CASCADE,
    CONSTRAINT uq_post_part_message_id UNIQUE (message_id),
    CONSTRAINT fk_post_part_message_id_remote_message FOREIGN KEY(message_id) REFERENCES remote_message (id) ON DELETE CASCADE
);

CREATE INDEX ix_post_part_place_id ON post_part (place_id);

CREATE TABLE remote_alias (
    id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    alias TEXT NOT NULL,
    part TEXT NOT NULL,
    message_id INTEGER NOT NULL,
    CONSTRAINT pk_remote_alias PRIMARY KEY (id),
    CONSTRAINT uq_remote_alias_conversation_id_alias_part UNIQUE (conversation_id, alias, part),
    CONSTRAINT fk_remote_alias_conversation_id_remote_conversation FOREIGN KEY(conversation_id) REFERENCES remote_conversation (id) ON DELETE CASCADE,
    CONSTRAINT fk_remote_alias_message_id_remote_message FOREIGN KEY(message_id) REFERENCES remote_message (id) ON DELETE CASCADE
);

CREATE INDEX ix_remote_alias_message_id ON remote_alias (message_id);

CREATE TABLE remote_file (
    id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    remote_id TEXT NOT NULL,
    body_id INTEGER NOT NULL,
    CONSTRAINT pk_remote_file PRIMARY KEY (id),
    CONSTRAINT fk_remote_file_message_id_remote_message FOREIGN KEY(message_id) REFERENCES remote_message (id) ON DELETE CASCADE,
    CONSTRAINT uq_remote_file_body_id UNIQUE (body_id)
);

CREATE INDEX ix_remote_file_message_id ON remote_file (message_id);

CREATE TABLE remote_reaction (
    id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    actor_id INTEGER NOT NULL,
    symbols BLOB NOT NULL,
    CONSTRAINT pk_remote_reaction PRIMARY KEY (id),
    CONSTRAINT uq_remote_reaction_message_id_actor_id UNIQUE (message_id, actor_id),
    CONSTRAINT fk_remote_reaction_message_id_remote_message FOREIGN KEY(message_id) REFERENCES remote_message (id) ON DELETE CASCADE,
    CONSTRAINT fk_remote_reaction_actor_id_remote_actor FOREIGN KEY(actor_id) REFERENCES remote_actor (id)
);

CREATE TABLE outbox (
    id INTEGER NOT NULL,
    peer_id INTEGER,
    invite_id INTEGER,
    conversation_id INTEGER,
    message_id INTEGER,
    kind INTEGER NOT NULL,
    plain BLOB,
    wire BLOB,
    epoch INTEGER,
    important BOOLEAN NOT NULL,
    repeat BOOLEAN NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT pk_outbox PRIMARY KEY (id),
    CONSTRAINT fk_outbox_peer_id_peer FOREIGN KEY(peer_id) REFERENCES peer (id) ON DELETE CASCADE,
    CONSTRAINT fk_outbox_invite_id_invite FOREIGN KEY(invite_id) REFERENCES invite (id) ON DELETE CASCADE,
    CONSTRAINT fk_outbox_conversation_id_conversation FOREIGN KEY(conversation_id) REFERENCES conversation (id) ON DELETE CASCADE,
    CONSTRAINT fk_outbox_message_id_message FOREIGN KEY(message_id) REFERENCES message (id) ON DELETE CASCADE
);

CREATE INDEX ix_outbox_invite_id ON outbox (invite_id) WHERE invite_id IS NOT NULL;

CREATE INDEX ix_outbox_message_id ON outbox (message_id) WHERE message_id IS NOT NULL;

CREATE INDEX ix_outbox_peer_id ON outbox (peer_id);

CREATE INDEX ix_outbox_queued ON outbox (peer_id, invite_id, id) WHERE state = 'queued';

CREATE TABLE search_due (
    message_id INTEGER NOT NULL,
    CONSTRAINT pk_search_due PRIMARY KEY (message_id),
    CONSTRAINT fk_search_due_message_id_message FOREIGN KEY(message_id) REFERENCES message (id) ON DELETE CASCADE
);

CREATE TABLE bridge_intent (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    intent TEXT NOT NULL,
    account_id INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    message_id INTEGER,
    outbox_id INTEGER,
    kind TEXT NOT NULL,
    body_id INTEGER,
    provenance BLOB,
    state TEXT NOT NULL,
    maybe BOOLEAN NOT NULL,
    shown BOOLEAN NOT NULL,
    attempts INTEGER NOT NULL,
    first_at INTEGER,
    due_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    settled_at INTEGER,
    CONSTRAINT uq_bridge_intent_intent UNIQUE (intent),
    CONSTRAINT fk_bridge_intent_account_id_bridge_account FOREIGN KEY(account_id) REFERENCES bridge_account (id) ON DELETE CASCADE,
    CONSTRAINT fk_bridge_intent_conversation_id_remote_conversation FOREIGN KEY(conversation_id) REFERENCES remote_conversation (id) ON DELETE CASCADE,
    CONSTRAINT fk_bridge_intent_message_id_remote_message FOREIGN KEY(message_id) REFERENCES remote_message (id) ON DELETE CASCADE,
    CONSTRAINT fk_bridge_intent_outbox_id_outbox FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE SET NULL
);

CREATE INDEX ix_bridge_intent_line ON bridge_intent (conversation_id, state, id);

CREATE INDEX ix_bridge_intent_message_id ON bridge_intent (message_id);

CREATE INDEX ix_bridge_intent_outbox_id ON bridge_intent (outbox_id) WHERE outbox_id IS NOT NULL;

CREATE INDEX ix_bridge_intent_state ON bridge_intent (account_id, state, id);

CREATE TABLE carriage_piece (
    id INTEGER NOT NULL,
    outbox_id INTEGER NOT NULL,
    route_id INTEGER NOT NULL,
    place INTEGER NOT NULL,
    blob BLOB NOT NULL,
    state TEXT NOT NULL,
    intent TEXT,
    CONSTRAINT pk_carriage_piece PRIMARY KEY (id),
    CONSTRAINT fk_carriage_piece_outbox_id_outbox FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE,
    CONSTRAINT fk_carriage_piece_route_id_carriage_route FOREIGN KEY(route_id) REFERENCES carriage_route (id) ON DELETE CASCADE,
    CONSTRAINT uq_carriage_piece_intent UNIQUE (intent)
);

CREATE INDEX ix_carriage_piece_outbox_id ON carriage_piece (outbox_id);

CREATE INDEX ix_carriage_piece_route ON carriage_piece (route_id, state, id);

CREATE TABLE carried (
    id INTEGER NOT NULL,
    outbox_id INTEGER NOT NULL,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL,
    CONSTRAINT pk_carried PRIMARY KEY (id),
    CONSTRAINT fk_carried_outbox_id_outbox FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE
);

CREATE INDEX ix_carried_hash ON carried (hash);

CREATE INDEX ix_carried_outbox_id ON carried (outbox_id);

CREATE TABLE envelope (
    id INTEGER NOT NULL,
    outbox_id INTEGER NOT NULL,
    queue_out_id INTEGER NOT NULL,
    msg_id BLOB NOT NULL,
    blob BLOB NOT NULL,
    CONSTRAINT pk_envelope PRIMARY KEY (id),
    CONSTRAINT fk_envelope_outbox_id_outbox FOREIGN KEY(outbox_id) REFERENCES outbox (id) ON DELETE CASCADE,
    CONSTRAINT fk_envelope_queue_out_id_queue_out FOREIGN KEY(queue_out_id) REFERENCES queue_out (id) ON DELETE CASCADE
);

CREATE INDEX ix_envelope_outbox_id ON envelope (outbox_id);
