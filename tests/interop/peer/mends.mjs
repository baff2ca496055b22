// Where ts-mls 2.0.0-rc.10 strays from RFC 9420, and the smallest change that brings it back.
//
// hooks.mjs makes these changes while Node loads the module; the files on disk stay as they were
// published, and `node peer.mjs --as-published` runs without any of this. A text that isn't found
// exactly once stops the program: then the version has changed, and so may the fault.

export const mends = [
  {
    rule: "RFC 9420, 12.4: a commit with an Update, a Remove or a GroupContextExtensions needs a path",
    fault: "asks for a path only from two Updates or two Removes on",
    file: "clientState.js",
    edits: [
      [
        `Object.values(grouped[defaultProposalTypes.update]).length > 1 ||
            Object.values(grouped[defaultProposalTypes.remove]).length > 1;`,
        `grouped[defaultProposalTypes.update].length > 0 ||
            grouped[defaultProposalTypes.remove].length > 0 ||
            grouped[defaultProposalTypes.group_context_extensions].length > 0;`,
      ],
    ],
  },
  {
    rule: "RFC 9420, 12.1.7: the list of a GroupContextExtensions proposal replaces the old one, an empty list too",
    fault: "takes an empty list for no proposal",
    file: "clientState.js",
    edits: [
      [
        `extensions: newExtensions,`,
        `extensions: grouped[defaultProposalTypes.group_context_extensions].length > 0 ? newExtensions : undefined,`,
      ],
    ],
  },
  {
    rule: "the same, in a commit of its own",
    file: "createCommit.js",
    edits: [
      [
        `res.additionalResult.kind === "memberCommit" && res.additionalResult.extensions.length > 0`,
        `res.additionalResult.kind === "memberCommit" && res.additionalResult.extensions !== undefined`,
      ],
    ],
  },
  {
    rule: "the same, in a commit of another",
    file: "processMessages.js",
    edits: [
      [
        `result.additionalResult.kind === "memberCommit" && result.additionalResult.extensions.length > 0`,
        `result.additionalResult.kind === "memberCommit" && result.additionalResult.extensions !== undefined`,
      ],
    ],
  },
  {
    rule: "RFC 9420, 12.4.1: path secrets are sealed under the provisional GroupContext, with its new extensions",
    fault: "seals its own ones under the old extensions",
    file: "createCommit.js",
    edits: [
      [
        `    const [tree, updatePath, pathSecrets, newPrivateKey] = res.needsUpdatePath
        ? await createUpdatePath(state.ratchetTree, mutableTree, toLeafIndex(state.privatePath.leafIndex), state.groupContext, state.signaturePrivateKey, cipherSuite)
        : [mutableTree, undefined, [], undefined];
`,
        "",
      ],
      [
        `    const groupContextWithExtensions = { ...state.groupContext, extensions: updatedExtensions };
`,
        `    const groupContextWithExtensions = { ...state.groupContext, extensions: updatedExtensions };
    const newLeaves = res.additionalResult.kind === "memberCommit" ? res.additionalResult.addedLeafNodes.map(([leaf]) => leaf) : [];
    const [tree, updatePath, pathSecrets, newPrivateKey] = res.needsUpdatePath
        ? await createUpdatePath(newLeaves, mutableTree, toLeafIndex(state.privatePath.leafIndex), groupContextWithExtensions, state.signaturePrivateKey, cipherSuite)
        : [mutableTree, undefined, [], undefined];
`,
      ],
      [`await createUpdatePath(ratchetTree, mutableTree,`, `await createUpdatePath([], mutableTree,`],
    ],
  },
  {
    rule: "RFC 9420, 7.5 and 12.4.2: path secrets are sealed to the keys of the provisional tree, not to new members",
    fault: "takes the keys from the tree before the proposals: an updated leaf's old key, a removed member's for a new one",
    file: "updatePath.js",
    edits: [
      [`export async function createUpdatePath(originalTree, `, `export async function createUpdatePath(newLeaves, `],
      [`encryptSecretsForPath(originalTree, mutableTree, `, `encryptSecretsForPath(newLeaves, mutableTree, `],
      [`function encryptSecretsForPath(originalTree, `, `function encryptSecretsForPath(newLeaves, `],
      [
        `pathSecret.sendTo.map(async (nodeIndex) => {`,
        `pathSecret.sendTo.filter((nodeIndex) => !newLeaves.some((leaf) => leafToNodeIndex(leaf) === nodeIndex)).map(async (nodeIndex) => {`,
      ],
      [`getHpkePublicKey(originalTree[nodeIndex])`, `getHpkePublicKey(updatedTree[nodeIndex])`],
    ],
  },
  {
    rule: "RFC 9420, 12.4.2: the commit secret follows the last path secret, and the path ends where nobody is left above",
    fault: "goes on to the root as a receiver, not as a committer: they part when half of the tree is blank",
    file: "pathSecrets.js",
    edits: [
      [
        `        const nextSecret = await deriveSecret(pathSecrets[currentIndex], "path", kdf);`,
        `        if (tree[nextIndex] === undefined)
            break;
        const nextSecret = await deriveSecret(pathSecrets[currentIndex], "path", kdf);`,
      ],
    ],
  },
  {
    rule: "the same, where that secret is used",
    file: "processMessages.js",
    edits: [
      [
        `const rootSecret = pathSecrets[rootIndex];`,
        `const height = (node) => ~node & (node + 1);
    const rootSecret = pathSecrets[Object.keys(pathSecrets).map(Number).reduce((a, b) => (height(a) > height(b) ? a : b))];`,
      ],
    ],
  },
  {
    rule: "RFC 9420, 12.4.3.1: a leaf that a node lists as unmerged is listed by the non-blank nodes between the two",
    fault: "wants the same list in all nodes up to the root, so refuses many a good tree",
    file: "clientState.js",
    edits: [
      [
        `if (tree[nodeIndex]?.nodeType !== nodeTypes.leaf && !dp.includes(toNodeIndex(i)))`,
        `if (tree[nodeIndex]?.nodeType !== nodeTypes.leaf || !dp.includes(toNodeIndex(i)))`,
      ],
      [`for (const parentIdx of dp) {`, `for (const parentIdx of dp.slice(0, dp.indexOf(toNodeIndex(i)))) {`],
      [
        `if (!arraysEqual(dpNode.parent.unmergedLeaves, n.parent.unmergedLeaves))`,
        `if (!dpNode.parent.unmergedLeaves.includes(unmergedLeaf))`,
      ],
    ],
  },
  {
    rule: "RFC 9420, 12.4.3.2: ExternalPub holds an HPKEPublicKey, which is a vector with its length in front",
    fault: "writes and reads the bare key",
    file: "createCommit.js",
    edits: [
      [
        `import { encode } from "./codec/tlsEncoder.js";`,
        `import { encode } from "./codec/tlsEncoder.js";
import { decode } from "./codec/tlsDecoder.js";
import { varLenDataDecoder, varLenDataEncoder } from "./codec/variableLength.js";`,
      ],
      [
        `const gi = await createGroupInfo(state.groupContext, state.confirmationTag, state, [...extensions, { extensionType: defaultExtensionTypes.external_pub, extensionData: externalPub }], cs);`,
        `const gi = await createGroupInfo(state.groupContext, state.confirmationTag, state, [...extensions, { extensionType: defaultExtensionTypes.external_pub, extensionData: encode(varLenDataEncoder, externalPub) }], cs);`,
      ],
      [
        `        { extensionType: defaultExtensionTypes.external_pub, extensionData: externalPub },
`,
        `        { extensionType: defaultExtensionTypes.external_pub, extensionData: encode(varLenDataEncoder, externalPub) },
`,
      ],
      [
        `await exportSecret(externalPub.extensionData, cs)`,
        `await exportSecret(decode(varLenDataDecoder, externalPub.extensionData), cs)`,
      ],
    ],
  },
  {
    rule: "RFC 9420, 12.1.8.1: external_senders holds a vector of senders",
    fault: "reads and writes one sender",
    file: "extension.js",
    edits: [
      [
        `import { varLenDataDecoder, varLenDataEncoder } from "./codec/variableLength.js";`,
        `import { varLenDataDecoder, varLenDataEncoder, varLenTypeDecoder, varLenTypeEncoder } from "./codec/variableLength.js";`,
      ],
      [
        `return [e.extensionType, encode(externalSenderEncoder, e.extensionData)];`,
        `return [e.extensionType, encode(varLenTypeEncoder(externalSenderEncoder), e.extensionData)];`,
      ],
      [
        `const res = decode(externalSenderDecoder, extensionData);`,
        `const res = decode(varLenTypeDecoder(externalSenderDecoder), extensionData);`,
      ],
      [
        `constantTimeEqual(encode(externalSenderEncoder, a.extensionData), encode(externalSenderEncoder, b.extensionData))`,
        `constantTimeEqual(encode(varLenTypeEncoder(externalSenderEncoder), a.extensionData), encode(varLenTypeEncoder(externalSenderEncoder), b.extensionData))`,
      ],
    ],
  },
  {
    rule: "the same, when their credentials are checked",
    file: "clientState.js",
    edits: [
      [
        `const externalSenders = extensions.filter((e) => e.extensionType === defaultExtensionTypes.external_senders);`,
        `const externalSenders = extensions.filter((e) => e.extensionType === defaultExtensionTypes.external_senders).flatMap((e) => e.extensionData.map((extensionData) => ({ extensionData })));`,
      ],
    ],
  },
  {
    rule: "the same, when one of them speaks",
    file: "publicMessage.js",
    edits: [
      [
        `const externalSenderExtension = externalSenderExtensions[senderIndex];`,
        `const externalSenderExtension = externalSenderExtensions.flatMap((e) => e.extensionData.map((extensionData) => ({ extensionData })))[senderIndex];`,
      ],
    ],
  },
  {
    rule: "the same, when this library is the sender",
    file: "externalProposal.js",
    edits: [
      [
        `const externalSenderExtensionIndex = groupInfo.groupContext.extensions.findIndex((ex) => {
        if (!isDefaultExtension(ex) || ex.extensionType !== defaultExtensionTypes.external_senders)
            return false;
        return constantTimeEqual(ex.extensionData.signaturePublicKey, signaturePublicKey);
    });`,
        `const externalSenderExtensionIndex = groupInfo.groupContext.extensions
        .filter((ex) => ex.extensionType === defaultExtensionTypes.external_senders)
        .flatMap((ex) => ex.extensionData)
        .findIndex((sender) => constantTimeEqual(sender.signaturePublicKey, signaturePublicKey));`,
      ],
    ],
  },
  {
    rule: "RFC 9420, 11.2: the new group of a ReInit has the extensions that the proposal names",
    fault: "compares two required_capabilities by identity, so never finds them equal",
    file: "extension.js",
    edits: [
      [
        `return a.extensionData === b.extensionData;`,
        `return constantTimeEqual(encode(requiredCapabilitiesEncoder, a.extensionData), encode(requiredCapabilitiesEncoder, b.extensionData));`,
      ],
    ],
  },
  {
    rule: "of no standard: a state that went into bytes and back is the same state",
    fault: "drops the sender of a pending proposal when that is leaf 0",
    file: "codec/optional.js",
    edits: [[`if (t) {`, `if (t !== undefined) {`]],
  },
]
