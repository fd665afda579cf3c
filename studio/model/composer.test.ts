import { beforeEach, describe, expect, it } from 'vitest'
import type { ComposerInfo } from '../api/model.ts'
import { field, yacht } from '../testing/sample-model.ts'
import { readDraft, writeDraft } from './composer-draft.ts'
import { composedValues, composerStart } from './composer-values.ts'

const place = { org: 'o1', person: 'u1', entity: 't:yacht', record: 'r1' }
const draft = { composer: 'x:note', values: { 'x:note': { body: 'Called the harbour' } } }
const day = 86_400_000

describe('a draft', () => {
  beforeEach(() => localStorage.clear())

  it('comes back for the same person, organisation and record alone', () => {
    writeDraft(localStorage, place, draft, 0)
    expect(readDraft(localStorage, place)).toEqual(draft)
    expect(readDraft(localStorage, { ...place, person: 'u2' })).toBeNull()
    expect(readDraft(localStorage, { ...place, org: 'o2' })).toBeNull()
    expect(readDraft(localStorage, { ...place, record: 'r2' })).toBeNull()
  })

  it('without a word is forgotten, and so are those older than a month', () => {
    writeDraft(localStorage, place, draft, 0)
    writeDraft(localStorage, { ...place, record: 'r2' }, draft, 31 * day)
    expect(readDraft(localStorage, place)).toBeNull()
    writeDraft(localStorage, { ...place, record: 'r2' }, { composer: 'x', values: {} }, 31 * day)
    expect(localStorage.length).toBe(0)
  })

  it('that cannot be read is none', () => {
    localStorage.setItem('runway.draft.o1.u1.t:yacht.r1', '[1')
    expect(readDraft(localStorage, place)).toBeNull()
  })

  it('in a full storage is said not to be kept', () => {
    const full = { length: 0, key: () => null, getItem: () => null } as unknown as Storage
    full.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
    expect(writeDraft(full, place, draft, 0)).toBe(false)
  })
})

describe('what a composer makes', () => {
  const composer: ComposerInfo = {
    ref: 'x:call',
    entity: yacht.ref,
    label: 'Call',
    body: 'notes',
    fields: ['to', 'ownerId'],
    values: { type: 'call', doneAt: '@now', ownerId: '@me' },
  }
  const at = { about: { entity: 't:port', id: 'p1' }, me: 'u1', now: new Date('2026-03-01T10:00Z') }

  it('is named by its first line, and by no half of an emoji', () => {
    const values = composedValues(composer, yacht, { notes: ' Rang twice.\nNobody there. ' }, at)
    expect(values).toEqual({
      type: 'call',
      doneAt: '2026-03-01T10:00:00.000Z',
      ownerId: 'u1',
      notes: ' Rang twice.\nNobody there. ',
      name: 'Rang twice.',
      about: at.about,
    })
    const long = composedValues(composer, yacht, { notes: '⛵️🏴‍☠️'.repeat(100) }, at)
    expect(String(long?.['name']).isWellFormed()).toBe(true)
    expect([...String(long?.['name'])].length).toBe(120)
  })

  it('is nothing while nothing is written', () => {
    expect(composedValues(composer, yacht, { notes: '  ', to: 'a@b.test' }, at)).toBeNull()
  })

  it('begins with the address of the record', () => {
    const email = { ...field('email'), type: 'platform.fields:email', editor: 'email' }
    const to = { ...email, apiName: 'to', key: 'to' }
    const start = composerStart(
      composer,
      new Map([['to', to]]),
      {
        record: { id: 'p1', version: 1, email: 'port@sea.test' },
        fields: new Map([['email', email]]),
      },
      'u1',
    )
    expect(start).toEqual({ to: 'port@sea.test', ownerId: 'u1' })
  })
})
