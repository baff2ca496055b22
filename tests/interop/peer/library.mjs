// ts-mls, and those of its inner functions that its index doesn't export but this peer needs.
//
// They are imported by file, around the "exports" of the package: that is safe here only
// because package.json pins the exact version.

const inside = (file) => import(new URL(`./node_modules/ts-mls/dist/src/${file}`, import.meta.url))

export const mls = await import("ts-mls")
export const { ratchetTreeEncoder, ratchetTreeDecoder } = await inside("ratchetTree.js")
export const { groupContextExtensionDecoder, extensionEncoder } = await inside("extension.js")
export const { externalSenderEncoder } = await inside("externalSender.js")
export const { signLeafNodeCommit } = await inside("leafNode.js")
export const { makeGenericHpke } = await inside("crypto/implementation/hpke.js")
