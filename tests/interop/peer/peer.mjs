// ts-mls as a peer: one request a line on stdin, one answer a line on stdout.
//
//   {"id": 1, "method": "new_client", "params": {"suite": 1, "identity": {"hex": "616461"}}}
//   {"id": 1, "result": {"client": "client-1", ...}}    or    {"id": 1, "error": {"type": ..., "message": ...}}
//
// The methods are in methods.mjs and described in ../README.md. The program ends when its stdin does.
// With --as-published the changes of mends.mjs stay out.

import { register } from "node:module"
import { createInterface } from "node:readline"
import { pack, unpack } from "./wire.mjs"

if (!process.argv.includes("--as-published")) register("./hooks.mjs", import.meta.url)
const { methods } = await import("./methods.mjs")

async function answer(line) {
  let id = null
  try {
    const request = JSON.parse(line)
    id = request.id
    if (!Object.hasOwn(methods, request.method)) throw new RangeError(`no such method: ${request.method}`)
    return { id, result: pack(await methods[request.method](unpack(request.params ?? {}))) }
  } catch (error) {
    return { id, error: { type: error.name, message: error.message } }
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity }))
  process.stdout.write(JSON.stringify(await answer(line)) + "\n")
