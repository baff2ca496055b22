// The cipher suites of the tests, by number.
//
// 0x0001 and 0x0003 are those of RFC 9420, section 17.1. 0xF0A1 is a private-use number for
// MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519 of draft-ietf-mls-pq-ciphersuites, which has
// no number yet. ts-mls knows other X-Wing suites, with other hashes, and derives their key
// pairs with a bare SHAKE256; so this one is put together here after draft-ietf-hpke-pq.

import { createHash } from "node:crypto"
import { Aes128Gcm, CipherSuite, HkdfSha256 } from "@hpke/core"
import { XWing } from "@hpke/hybridkem-x-wing"
import { makeGenericHpke, mls } from "./library.mjs"

const X25519_AES128GCM = 0x0001
const X25519_CHACHA20POLY1305 = 0x0003
const XWING_AES128GCM = 0xf0a1
const XWING_KEM_ID = 0x647a

export const suiteNumbers = [X25519_AES128GCM, X25519_CHACHA20POLY1305, XWING_AES128GCM]

/** X-Wing whose DeriveKeyPair is SHAKE256(ikm || "HPKE-v1" || "KEM" || id || label || length). */
class LabelledXWing extends XWing {
  async deriveKeyPair(ikm) {
    await this._setup()
    const label = Buffer.from("DeriveKeyPair")
    const length = 32
    const seed = createHash("shake256", { outputLength: length })
      .update(new Uint8Array(ikm))
      .update("HPKE-v1KEM")
      .update(uint16(XWING_KEM_ID))
      .update(uint16(label.length))
      .update(label)
      .update(uint16(length))
      .digest()
    return this.generateKeyPairDerand(new Uint8Array(seed))
  }
}

const uint16 = (number) => Buffer.from([number >> 8, number & 0xff])

async function withXWing() {
  const base = await mls.defaultCryptoProvider.getCiphersuiteImpl(X25519_AES128GCM)
  const hpke = await makeGenericHpke(
    { kem: "X-Wing" },
    null,
    new CipherSuite({ kem: new LabelledXWing(), kdf: new HkdfSha256(), aead: new Aes128Gcm() }),
  )
  // What protects messages (not key encapsulation) is that of the base suite.
  const { encryptAead, decryptAead, keyLength, nonceLength } = base.hpke
  return { ...base, id: XWING_AES128GCM, hpke: { ...hpke, encryptAead, decryptAead, keyLength, nonceLength } }
}

const made = new Map()

/** The functions of one suite, in the form that ts-mls asks for. */
export async function suite(number) {
  if (!suiteNumbers.includes(number)) throw new RangeError(`not a suite of these tests: ${number}`)
  if (!made.has(number))
    made.set(
      number,
      number === XWING_AES128GCM ? await withXWing() : await mls.defaultCryptoProvider.getCiphersuiteImpl(number),
    )
  return made.get(number)
}
