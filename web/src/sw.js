/* What the page is made of, and nothing of what is in it: the API is never kept. The build fills the first two in. */

const VERSION = '%VERSION%'
const FILES = ['%FILES%']

addEventListener('install', (event) => {
  const fetched = FILES.map((path) => new Request(path, { cache: 'reload' }))
  event.waitUntil(caches.open(VERSION).then((cache) => cache.addAll(fetched)))
})
addEventListener('activate', (event) => {
  const others = (names) => names.filter((name) => name !== VERSION).map((name) => caches.delete(name))
  event.waitUntil(caches.keys().then((names) => Promise.all(others(names))))
})
addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request
  const { origin, pathname } = new URL(url)
  if (method !== 'GET' || origin !== location.origin || /^\/(api|hooks)\//.test(pathname)) return
  const path = mode === 'navigate' ? '/' : pathname
  const kept = caches.open(VERSION).then((cache) => cache.match(path))
  event.respondWith(kept.then((found) => found ?? fetch(event.request)))
})
addEventListener('message', ({ data }) => {
  if (data === 'now') void skipWaiting()
})
