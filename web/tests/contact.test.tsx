import { render } from 'preact'
import { beforeAll, describe, expect, it } from 'vitest'

import type { ContactView } from '../src/api/types.gen.ts'
import { moreTexts, setLanguage } from '../src/text/t.ts'
import { Contact } from '../src/views/people/Contact.tsx'

const ben: ContactView = {
  id: '1', name: 'Ben ✓', standing: 'confirmed', persona: 'ff', chat: '7', nodes: 1, alerts: [], note: '', single_relay: false,
}

function shown(contact: ContactView): HTMLElement {
  const place = document.createElement('div')
  render(<Contact contact={contact} />, place)
  return place
}

const buttons = (place: HTMLElement): string[] => [...place.querySelectorAll('button')].map((button) => button.textContent)

beforeAll(moreTexts)

describe('a contact', () => {
  it('whose keys changed says what, and how to go on', () => {
    const place = shown({ ...ben, standing: 'key-alert', alerts: ['node-added', 'author-forked', 'something-new'] })
    expect(place.textContent).toContain('This may not be Ben.')
    expect(place.textContent).toContain('Ben has a new node.')
    expect(place.textContent).toContain('Two messages of Ben claim the same place')
    expect(place.textContent).toContain('something-new')
    expect(buttons(place)).toEqual(['Is it really them?', 'Go on without comparing', 'Block', 'Remove contact'])
  })

  it('who is not checked can be checked, blocked and removed', () => {
    const place = shown({ ...ben, single_relay: true, nodes: 2 })
    expect(place.textContent).toContain('Not checked yet · 2 nodes')
    expect(place.textContent).toContain('Only one relay')
    expect(buttons(place)).toEqual(['Is it really them?', 'Block', 'Remove contact'])
    expect(buttons(shown({ ...ben, standing: 'blocked' }))).toContain('Unblock')
    expect(buttons(shown({ ...ben, standing: 'pending' }))).toEqual(['Block', 'Remove contact'])
  })

  it('is told of in German', async () => {
    await setLanguage('de')
    expect(shown({ ...ben, standing: 'key-alert', alerts: ['copy'] }).textContent).toContain('Vielleicht läuft eine Kopie')
    await setLanguage('en')
  })
})
