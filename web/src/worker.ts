/** The service worker: the page itself stays here, and a newer one waits until somebody asks for it. */

import { signal } from '@preact/signals'

/** A newer page that waits. */
export const newer = signal<ServiceWorker | null>(null)

interface Policies {
  readonly createPolicy: (name: string, rules: { readonly createScriptURL: (url: string) => string }) => {
    readonly createScriptURL: (url: string) => string
  }
}

/** The one script that may be made of a text (the node's Content-Security-Policy names this policy, and no other). */
function url(): string {
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes
  const rules = { createScriptURL: (wanted: string): string => (wanted === '/sw.js' ? wanted : '') }
  return policies ? policies.createPolicy('swarm-sw', rules).createScriptURL('/sw.js') : '/sw.js'
}

export async function startWorker(): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return
  const { serviceWorker } = navigator
  const controlled = serviceWorker.controller !== null
  serviceWorker.addEventListener('controllerchange', () => {
    if (controlled) location.reload()
  })
  const registered = await serviceWorker.register(url()).catch(() => null)
  const look = (): void => {
    newer.value = controlled ? (registered?.waiting ?? null) : null
  }
  registered?.addEventListener('updatefound', () => {
    registered.installing?.addEventListener('statechange', look)
  })
  look()
}

export const takeNewer = (): void => newer.value?.postMessage('now')
