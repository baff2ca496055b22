// The methods of the peer. ../README.md describes them; our own package answers to the same ones.
//
// A client is an identity with a signature key and its unused key packages. A group is one
// client's state of one MLS group: ts-mls states are values, so a commit's new state is simply
// kept aside until the test says "merge" or "discard".

import { readFileSync } from "node:fs"
import {
  externalSenderEncoder,
  extensionEncoder,
  groupContextExtensionDecoder,
  mls,
  ratchetTreeDecoder,
  ratchetTreeEncoder,
  signLeafNodeCommit,
} from "./library.mjs"
import { suite, suiteNumbers } from "./suites.mjs"

const { decode, encode } = mls
const MLS10 = mls.protocolVersions.mls10
const TYPE = mls.defaultProposalTypes
const NOTHING = new Uint8Array()

const clients = new Map()
const groups = new Map()
const psks = {}
let count = 0

const same = (a, b) => Buffer.compare(a, b) === 0
const refuse = (message) => {
  throw new Error(message)
}
const clientOf = (id) => clients.get(id) ?? refuse(`no such client: ${id}`)
const groupOf = (id) => groups.get(id) ?? refuse(`no such group: ${id}`)
const context = async (number) => ({
  cipherSuite: await suite(number),
  authService: mls.unsafeTestingAuthenticationService,
  externalPsks: psks,
})
const contextOf = (group) => context(group.state.groupContext.cipherSuite)

// --- wire objects ------------------------------------------------------------------------------

const message = (kind, body) => encode(mls.mlsMessageEncoder, { version: MLS10, wireformat: mls.wireformats[kind], ...body })

function opened(bytes, ...kinds) {
  const found = decode(mls.mlsMessageDecoder, bytes) ?? refuse("not an MLSMessage")
  if (!kinds.some((kind) => mls.wireformats[kind] === found.wireformat))
    refuse(`an MLSMessage of wire format ${found.wireformat}, not of ${kinds.join(" or ")}`)
  return found
}

const treeOf = (bytes) => (bytes ? decode(ratchetTreeDecoder, bytes) : undefined)

/** Extensions come as {type, data}; ts-mls wants those of RFC 9420 taken apart. */
function extensions(list = []) {
  return list.map(({ type, data }) => {
    const bytes = encode(extensionEncoder, { extensionType: type === 3 || type === 5 ? 0xffff : type, extensionData: data })
    bytes.set([type >> 8, type & 0xff])
    return decode(groupContextExtensionDecoder, bytes) ?? refuse(`extension ${type} can't be read`)
  })
}

function plain(extension) {
  const bytes = encode(extensionEncoder, extension)
  const head = 2 + [1, 2, 4][bytes[2] >> 6]
  return { type: extension.extensionType, data: bytes.slice(head) }
}

// --- what a test compares ----------------------------------------------------------------------

const exporter = async (state, label, about, length) =>
  mls.mlsExporter(state.keySchedule.exporterSecret, label, about, length, await suite(state.groupContext.cipherSuite))

async function view(id) {
  const { state, removed } = groupOf(id)
  const { groupContext, keySchedule, ratchetTree, groupActiveState } = state
  return {
    group: id,
    status: removed ? "removed" : groupActiveState.kind === "suspendedPendingReinit" ? "suspended" : "active",
    group_id: groupContext.groupId,
    suite: groupContext.cipherSuite,
    epoch: groupContext.epoch,
    tree_hash: groupContext.treeHash,
    confirmed_transcript_hash: groupContext.confirmedTranscriptHash,
    epoch_authenticator: keySchedule.epochAuthenticator,
    exporter: await exporter(state, "interop", NOTHING, 32),
    extensions: groupContext.extensions.map(plain),
    own_leaf: state.privatePath.leafIndex,
    members: ratchetTree.flatMap((node, index) =>
      node?.nodeType === mls.nodeTypes.leaf
        ? [{ leaf: index / 2, identity: node.leaf.credential.identity, signature_key: node.leaf.signaturePublicKey }]
        : [],
    ),
    pending: Object.keys(state.unappliedProposals).map(mls.base64ToBytes),
  }
}

function opens(client, state) {
  const id = `group-${++count}`
  groups.set(id, { client, state, held: undefined, removed: false, leafKeys: [] })
  return id
}

// --- clients, key packages, proposals ----------------------------------------------------------

async function keyPackage(client, { lifetime, capabilities = {}, key_package_extensions = [], leaf_extensions = [] }) {
  const cipherSuite = await suite(client.suite)
  const made = await mls.generateKeyPackageWithKey({
    credential: { credentialType: mls.defaultCredentialTypes.basic, identity: client.identity },
    signatureKeyPair: client.signatureKeys,
    lifetime: lifetime ? { notBefore: BigInt(lifetime[0]), notAfter: BigInt(lifetime[1]) } : undefined,
    capabilities: {
      versions: [MLS10],
      ciphersuites: [...suiteNumbers, ...(capabilities.suites ?? [])],
      extensions: capabilities.extensions ?? [],
      proposals: capabilities.proposals ?? [],
      credentials: [mls.defaultCredentialTypes.basic, ...(capabilities.credentials ?? [])],
    },
    extensions: key_package_extensions.map(({ type, data }) => ({ extensionType: type, extensionData: data })),
    leafNodeExtensions: leaf_extensions.map(({ type, data }) => ({ extensionType: type, extensionData: data })),
    cipherSuite,
  })
  return { ...made, ref: await mls.makeKeyPackageRef(made.publicPackage, cipherSuite.hash) }
}

/** A leaf node with a new key for this member; ts-mls has no function for an Update proposal. */
async function freshLeaf(group) {
  const { state } = group
  const cipherSuite = await suite(state.groupContext.cipherSuite)
  const keys = await cipherSuite.hpke.generateKeyPair()
  const { credential, capabilities, extensions, signaturePublicKey } = mls.getOwnLeafNode(state)
  const hpkePublicKey = await cipherSuite.hpke.exportPublicKey(keys.publicKey)
  group.leafKeys.push({ hpkePublicKey, privateKey: await cipherSuite.hpke.exportPrivateKey(keys.privateKey) })
  return signLeafNodeCommit(
    {
      leafNodeSource: mls.leafNodeSources.update,
      hpkePublicKey,
      signaturePublicKey,
      credential,
      capabilities,
      extensions,
      groupId: state.groupContext.groupId,
      leafIndex: state.privatePath.leafIndex,
    },
    state.signaturePrivateKey,
    cipherSuite.signature,
  )
}

async function proposal(group, wanted) {
  const { kdf, rng } = await suite(group.state.groupContext.cipherSuite)
  const pskNonce = rng.randomBytes(kdf.size)
  switch (wanted.kind) {
    case "add":
      return {
        proposalType: TYPE.add,
        add: { keyPackage: opened(wanted.key_package, "mls_key_package").keyPackage },
      }
    case "update":
      return { proposalType: TYPE.update, update: { leafNode: await freshLeaf(group) } }
    case "remove":
      return { proposalType: TYPE.remove, remove: { removed: wanted.leaf } }
    case "psk": {
      const preSharedKeyId = { psktype: mls.pskTypes.external, pskId: wanted.psk_id, pskNonce }
      return { proposalType: TYPE.psk, psk: { preSharedKeyId } }
    }
    case "resumption_psk": {
      const preSharedKeyId = {
        psktype: mls.pskTypes.resumption,
        usage: mls.resumptionPSKUsages.application,
        pskGroupId: group.state.groupContext.groupId,
        pskEpoch: BigInt(wanted.epoch),
        pskNonce,
      }
      return { proposalType: TYPE.psk, psk: { preSharedKeyId } }
    }
    case "extensions":
      return {
        proposalType: TYPE.group_context_extensions,
        groupContextExtensions: { extensions: extensions(wanted.extensions) },
      }
    case "reinit":
      return {
        proposalType: TYPE.reinit,
        reinit: {
          groupId: wanted.group_id,
          version: MLS10,
          cipherSuite: wanted.suite,
          extensions: extensions(wanted.extensions),
        },
      }
    default:
      return refuse(`no such proposal: ${wanted.kind}`)
  }
}

const references = (state) => Object.keys(state.unappliedProposals)
const newReference = (before, after) => {
  const [found] = references(after).filter((reference) => !references(before).includes(reference))
  return found ? mls.base64ToBytes(found) : null
}

/** The same state with only these of its pending proposals: ts-mls always commits all. */
function withPending(state, wanted) {
  const kept = wanted.map(mls.bytesToBase64)
  if (kept.some((reference) => !references(state).includes(reference))) refuse("no such pending proposal")
  return { ...state, unappliedProposals: Object.fromEntries(kept.map((one) => [one, state.unappliedProposals[one]])) }
}

// --- incoming handshake messages ---------------------------------------------------------------

/** Thrown from the callback of ts-mls: an own Update is in this commit, so its key must be in place. */
class OwnUpdate extends Error {
  constructor(leafKey) {
    super("an own Update")
    this.leafKey = leafKey
  }
}

/** The same: the commit removes us, and ts-mls would go on to look for our part of the path. */
class OwnRemoval extends Error {}

async function handle(group, state, incoming, seen) {
  const own = state.privatePath.leafIndex
  const look = (found) => {
    seen.kind = found.kind
    if (found.kind === "commit")
      for (const { proposal: one, senderLeafIndex } of found.proposals) {
        if (one.proposalType === TYPE.remove && one.remove.removed === own) throw new OwnRemoval()
        if (one.proposalType !== TYPE.update || senderLeafIndex !== own || seen.updated) continue
        const { hpkePublicKey } = one.update.leafNode
        throw new OwnUpdate(
          group.leafKeys.find((key) => same(key.hpkePublicKey, hpkePublicKey)) ?? refuse("an Update that isn't ours"),
        )
      }
    return "accept"
  }
  // Not processMessage(): for private messages it forgets the external PSKs.
  const process =
    incoming.wireformat === mls.wireformats.mls_public_message ? mls.processPublicMessage : mls.processPrivateMessage
  try {
    return await process({ context: await contextOf(group), state, ...incoming, callback: look })
  } catch (error) {
    if (!(error instanceof OwnUpdate)) throw error
    seen.updated = true
    const privateKeys = { [2 * own]: error.leafKey.privateKey } // the rest of the path is blank now
    return handle(group, { ...state, privatePath: { leafIndex: own, privateKeys } }, incoming, seen)
  }
}

// --- the methods -------------------------------------------------------------------------------

export const methods = {
  async hello() {
    const about = JSON.parse(readFileSync(new URL("./node_modules/ts-mls/package.json", import.meta.url)))
    return {
      peer: "ts-mls",
      version: about.version,
      suites: suiteNumbers,
      methods: Object.keys(methods),
      can: [],
    }
  },

  async new_client({ suite: number, identity }) {
    const signatureKeys = await (await suite(number)).signature.keygen()
    const id = `client-${++count}`
    clients.set(id, { suite: number, identity, signatureKeys, packages: [] })
    return { client: id, signature_key: signatureKeys.publicKey }
  },

  async key_package({ client: id, ...options }) {
    const client = clientOf(id)
    const made = await keyPackage(client, options)
    client.packages.push(made)
    return { key_package: message("mls_key_package", { keyPackage: made.publicPackage }), reference: made.ref }
  },

  async psk({ psk_id, secret }) {
    psks[mls.bytesToBase64(psk_id)] = secret
    return {}
  },

  async create_group({ client: id, group_id, extensions: wanted, ...options }) {
    const client = clientOf(id)
    const made = await keyPackage(client, options)
    const state = await mls.createGroup({
      context: await context(client.suite),
      groupId: group_id,
      keyPackage: made.publicPackage,
      privateKeyPackage: made.privatePackage,
      extensions: extensions(wanted),
    })
    return view(opens(id, state))
  },

  async join({ client: id, welcome: bytes, ratchet_tree, predecessor }) {
    const client = clientOf(id)
    const { welcome } = opened(bytes, "mls_welcome")
    const found = client.packages.findIndex(({ ref }) => welcome.secrets.some(({ newMember }) => same(newMember, ref)))
    if (found < 0) refuse("the Welcome is for none of this client's key packages")
    const [{ publicPackage, privatePackage }] = client.packages.splice(found, 1)
    const state = await mls.joinGroup({
      context: await context(client.suite),
      welcome,
      keyPackage: publicPackage,
      privateKeys: privatePackage,
      ratchetTree: treeOf(ratchet_tree),
      resumingFromState: predecessor ? groupOf(predecessor).state : undefined,
    })
    return view(opens(id, state))
  },

  async external_join({ client: id, group_info, ratchet_tree, resync = false, aad, psks: wanted = [], ...options }) {
    if (wanted.length > 0) refuse("ts-mls has no PSKs in its external commits")
    const client = clientOf(id)
    const made = await keyPackage(client, options)
    const { publicMessage, newState } = await mls.joinGroupExternal({
      context: await context(client.suite),
      groupInfo: opened(group_info, "mls_group_info").groupInfo,
      keyPackage: made.publicPackage,
      privateKeys: made.privatePackage,
      resync,
      tree: treeOf(ratchet_tree),
      authenticatedData: aad,
    })
    return { commit: message("mls_public_message", { publicMessage }), ...(await view(opens(id, newState))) }
  },

  async propose({ group: id, proposal: wanted, public: wireAsPublicMessage = false, aad }) {
    const group = groupOf(id)
    const before = group.state
    const made = await mls.createProposal({
      context: await contextOf(group),
      state: before,
      wireAsPublicMessage,
      proposal: await proposal(group, wanted),
      authenticatedData: aad,
    })
    group.state = made.newState
    return { proposal: encode(mls.mlsMessageEncoder, made.message), reference: newReference(before, made.newState) }
  },

  async propose_joining({ client: id, group_info, ...options }) {
    const client = clientOf(id)
    const made = await keyPackage(client, options)
    client.packages.push(made)
    const { groupInfo } = opened(group_info, "mls_group_info")
    const cipherSuite = await suite(client.suite)
    const sent = await mls.proposeAddExternal(groupInfo, made.publicPackage, made.privatePackage, cipherSuite)
    return { proposal: encode(mls.mlsMessageEncoder, sent) }
  },

  async propose_from_outside({ client: id, group_info, remove }) {
    const client = clientOf(id)
    const { groupInfo } = opened(group_info, "mls_group_info")
    const sent = await mls.proposeExternal(
      groupInfo,
      { proposalType: TYPE.remove, remove: { removed: remove } },
      client.signatureKeys.publicKey,
      client.signatureKeys.signKey,
      await suite(client.suite),
    )
    return { proposal: encode(mls.mlsMessageEncoder, sent) }
  },

  async external_senders({ clients: ids }) {
    const parts = ids.map(clientOf).map(({ identity, signatureKeys }) =>
      encode(externalSenderEncoder, {
        signaturePublicKey: signatureKeys.publicKey,
        credential: { credentialType: mls.defaultCredentialTypes.basic, identity },
      }),
    )
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    return { type: 5, data: new Uint8Array(Buffer.concat([Buffer.from([0x40 | (size >> 8), size & 0xff]), ...parts])) }
  },

  async commit({
    group: id,
    proposals = [],
    references: wanted,
    public: wireAsPublicMessage = false,
    aad,
    tree_in_welcome = true,
    group_info_extensions = [],
  }) {
    const group = groupOf(id)
    const state = wanted === undefined ? group.state : withPending(group.state, wanted)
    const extraProposals = []
    for (const one of proposals) extraProposals.push(await proposal(group, one))
    const made = await mls.createCommit({
      context: await contextOf(group),
      state,
      extraProposals,
      wireAsPublicMessage,
      authenticatedData: aad,
      ratchetTreeExtension: tree_in_welcome,
      groupInfoExtensions: group_info_extensions.map(({ type, data }) => ({ extensionType: type, extensionData: data })),
      resumingFromState: group.state, // where ts-mls looks for resumption PSKs
    })
    group.held = made.newState
    return {
      commit: encode(mls.mlsMessageEncoder, made.commit),
      welcome: made.welcome ? encode(mls.mlsMessageEncoder, made.welcome) : null,
      ratchet_tree: encode(ratchetTreeEncoder, made.newState.ratchetTree),
    }
  },

  async merge({ group: id }) {
    const group = groupOf(id)
    group.state = group.held ?? refuse("no commit is held")
    group.held = undefined
    group.leafKeys = []
    return view(id)
  },

  async discard({ group: id }) {
    const group = groupOf(id)
    if (!group.held) refuse("no commit is held")
    group.held = undefined
    return view(id)
  },

  async process({ group: id, message: bytes }) {
    const group = groupOf(id)
    const incoming = opened(bytes, "mls_public_message", "mls_private_message")
    const before = group.state
    const seen = { kind: "application" }
    let done
    try {
      done = await handle(group, before, incoming, seen)
    } catch (error) {
      if (!(error instanceof OwnRemoval)) throw error
      group.removed = true
      return { kind: "commit", ...(await view(id)) }
    }
    group.state = done.newState
    if (done.kind === "applicationMessage") return { kind: "application", data: done.message, aad: done.aad }
    if (seen.kind === "proposal")
      return { kind: "proposal", reference: newReference(before, done.newState), aad: done.aad }
    group.held = undefined
    group.leafKeys = []
    return { kind: "commit", aad: done.aad, ...(await view(id)) }
  },

  async encrypt({ group: id, data, aad }) {
    const group = groupOf(id)
    const made = await mls.createApplicationMessage({
      context: await contextOf(group),
      state: group.state,
      message: data,
      authenticatedData: aad,
    })
    group.state = made.newState
    return { message: encode(mls.mlsMessageEncoder, made.message) }
  },

  async export({ group: id, label, context: about, length }) {
    return { secret: await exporter(groupOf(id).state, label, about, length) }
  },

  async group_info({ group: id, with_tree = true, extensions: wanted = [] }) {
    const { state } = groupOf(id)
    const make = with_tree ? mls.createGroupInfoWithExternalPubAndRatchetTree : mls.createGroupInfoWithExternalPub
    const extra = wanted.map(({ type, data }) => ({ extensionType: type, extensionData: data }))
    const groupInfo = await make(state, extra, await suite(state.groupContext.cipherSuite))
    return {
      group_info: message("mls_group_info", { groupInfo }),
      ratchet_tree: encode(ratchetTreeEncoder, state.ratchetTree),
    }
  },

  /** A subgroup of some members, tied to the old group by a resumption PSK: RFC 9420, 11.3. */
  async branch({ group: id, client: clientId, group_id, key_packages, ...options }) {
    const group = groupOf(id)
    const made = await keyPackage(clientOf(clientId), options)
    return successor(clientId, await mls.branchGroup({
      context: await contextOf(group),
      state: group.state,
      keyPackage: made.publicPackage,
      privateKeyPackage: made.privatePackage,
      memberKeyPackages: key_packages.map((bytes) => opened(bytes, "mls_key_package").keyPackage),
      newGroupId: group_id,
    }))
  },

  /** The group that follows a committed ReInit: RFC 9420, 11.2. */
  async recreate({ group: id, client: clientId, key_packages, ...options }) {
    const group = groupOf(id)
    const active = group.state.groupActiveState
    if (active.kind !== "suspendedPendingReinit") refuse("no ReInit was committed")
    const client = clientOf(clientId)
    const made = await keyPackage(client, options)
    return successor(clientId, await mls.reinitCreateNewGroup({
      context: await context(client.suite),
      state: group.state,
      keyPackage: made.publicPackage,
      privateKeyPackage: made.privatePackage,
      memberKeyPackages: key_packages.map((bytes) => opened(bytes, "mls_key_package").keyPackage),
      groupId: active.reinit.groupId,
      extensions: active.reinit.extensions,
      provider: { getCiphersuiteImpl: () => suite(active.reinit.cipherSuite) }, // theirs goes by name
    }))
  },

  async view({ group: id }) {
    return view(id)
  },

  /** The state through its bytes, as if the program had been started anew. */
  async restart({ group: id }) {
    const group = groupOf(id)
    group.state = decode(mls.clientStateDecoder, encode(mls.clientStateEncoder, group.state))
    return view(id)
  },

  async forget({ group: id }) {
    groupOf(id)
    groups.delete(id)
    return {}
  },
}

async function successor(clientId, made) {
  return {
    welcome: encode(mls.mlsMessageEncoder, made.welcome),
    ratchet_tree: encode(ratchetTreeEncoder, made.newState.ratchetTree),
    ...(await view(opens(clientId, made.newState))),
  }
}
