import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'

import { ICONS } from './src/ui/icons.ts'

const lucide = dirname(createRequire(import.meta.url).resolve('lucide-static/package.json'))

/** One file with the icons that are used, each a symbol, and the licence that they come under. */
function icons(): Plugin {
  const symbol = (name: string): string => {
    const drawn = readFileSync(join(lucide, 'icons', `${name}.svg`), 'utf8')
    const lines = drawn.slice(drawn.indexOf('>', drawn.indexOf('<svg')) + 1, drawn.lastIndexOf('</svg>'))
    return `<symbol id="${name}" viewBox="0 0 24 24">${lines.replaceAll(/\s+/g, ' ').trim()}</symbol>`
  }
  return {
    name: 'icons',
    apply: 'build',
    generateBundle() {
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${ICONS.map(symbol).join('')}</svg>`
      this.emitFile({ type: 'asset', fileName: 'icons.svg', source })
      const licence = readFileSync(join(lucide, 'LICENSE'), 'utf8')
      this.emitFile({ type: 'asset', fileName: 'icons-licence.txt', source: licence })
    },
  }
}

/** The service worker, with the names of all files that were built; another build is another version. */
function worker(): Plugin {
  return {
    name: 'worker',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      const built = Object.keys(bundle).filter((name) => name !== 'index.html' && !name.endsWith('.txt'))
      const files = ['/', ...[...built, ...readdirSync('public')].map((name) => `/${name}`)].toSorted()
      const source = readFileSync('src/sw.js', 'utf8')
      const parts = Object.values(bundle).map((part) => ('code' in part ? part.code : part.source))
      const hash = createHash('sha256').update(source)
      for (const part of [...files, ...parts]) hash.update(part)
      const filled = source.replace('%VERSION%', hash.digest('hex').slice(0, 16))
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: filled.replace("'%FILES%'", JSON.stringify(files).slice(1, -1)) })
    },
  }
}

export default defineConfig({
  plugins: [icons(), worker()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { target: 'es2023', modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  test: { environment: 'happy-dom', include: ['tests/**/*.test.{ts,tsx}'], testTimeout: 20_000 },
})
