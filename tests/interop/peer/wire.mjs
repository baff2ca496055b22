// Bytes in JSON: a Uint8Array travels as {"hex": "00ff"}, everything else as itself.

/** A value of this program as plain JSON. */
export function pack(value) {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString("hex") }
  if (typeof value === "bigint") return Number(value)
  if (Array.isArray(value)) return value.map(pack)
  if (value !== null && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, pack(item)]))
  return value
}

/** The reverse of pack(), without the bigints. */
export function unpack(value) {
  if (Array.isArray(value)) return value.map(unpack)
  if (value === null || typeof value !== "object") return value
  const keys = Object.keys(value)
  if (keys.length === 1 && keys[0] === "hex") {
    if (!/^([0-9a-f]{2})*$/.test(value.hex)) throw new TypeError("not lower-case hex")
    return new Uint8Array(Buffer.from(value.hex, "hex"))
  }
  return Object.fromEntries(keys.map((key) => [key, unpack(value[key])]))
}
