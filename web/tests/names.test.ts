import { describe, expect, it } from 'vitest'

import { parse } from '../src/router.ts'
import { browserName } from '../src/state/session.ts'
import { plain } from '../src/ui/basics.tsx'

describe('names', () => {
  it('nobody draws signs of trust, or turns the line around', () => {
    expect(plain('Ada ✓')).toBe('Ada')
    expect(plain('✅ Ada 🔒')).toBe('Ada')
    expect(plain('Ada\u202Eneb')).toBe('Adaneb')
    expect(plain('\u200B\u2066')).toBe('…')
  })

  it('what is no such sign stays', () => {
    for (const name of ['Ada', 'Zoë 🌱', 'عادة', '👩‍🌾'.replaceAll('\u200D', ''), 'O’Neil']) expect(plain(name)).toBe(name)
  })
})

describe('paths', () => {
  it.each([
    ['/', { name: 'inbox' }],
    ['/chats/b12', { name: 'chat', chat: 'b12', at: '' }],
    ['/chats/a%2Fb/m3', { name: 'chat', chat: 'a/b', at: 'm3' }],
    ['/timeline', { name: 'timeline' }],
    ['/posts', { name: 'posts' }],
    ['/posts/new', { name: 'compose' }],
    ['/posts/post7', { name: 'post', post: 'post7' }],
    ['/posts/post7/x', { name: 'nowhere' }],
    ['/people', { name: 'people' }],
    ['/people/p12', { name: 'person', person: 'p12' }],
    ['/people/p12/talk', { name: 'talk', person: 'p12' }],
    ['/people/import', { name: 'import' }],
    ['/people/ben', { name: 'nowhere' }],
    ['/people/import/talk', { name: 'nowhere' }],
    ['/people/p12/elsewhere', { name: 'nowhere' }],
    ['/networks/add/demo', { name: 'login', network: 'demo', account: '' }],
    ['/networks/login/a1', { name: 'login', network: '', account: 'a1' }],
    ['/settings', { name: 'settings' }],
    ['/chats', { name: 'nowhere' }],
    ['/settings/x', { name: 'nowhere' }],
    ['/a/b/c/d', { name: 'nowhere' }],
  ])('%s', (path, view) => {
    expect(parse(path)).toEqual(view)
  })
})

describe('browsers', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36', 'Chrome, Linux'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0', 'Firefox, Windows'],
    ['something', 'Browser'],
  ])('%s', (agent, name) => {
    expect(browserName(agent)).toBe(name)
  })
})
