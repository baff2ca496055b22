// A loader hook: gives Node the files of ts-mls with the changes of mends.mjs in them.

import { mends } from "./mends.mjs"

const HOME = new URL("./node_modules/ts-mls/dist/src/", import.meta.url).href

export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.startsWith(HOME)) return loaded
  let source = String(loaded.source)
  for (const mend of mends.filter(({ file }) => HOME + file === url))
    for (const [published, mended] of mend.edits) {
      if (source.split(published).length !== 2)
        throw new Error(`${mend.file} isn't the file that was mended: looked for ${JSON.stringify(published)}`)
      source = source.replace(published, () => mended)
    }
  return { ...loaded, source }
}
