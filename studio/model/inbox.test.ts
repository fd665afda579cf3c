import { describe, expect, it } from 'vitest'
import { byDay, linkOf, saidIn, sentenceOf, toNotice } from './inbox.ts'

const record = {
  id: 'n1',
  version: 1,
  kind: 'assigned',
  createdAt: '2026-03-01T09:30:00.000Z',
  readAt: null,
  archivedAt: null,
  entityRef: 'crm.leads:lead',
  record: { entity: 'leads', id: 'l1' },
  field: 'ownerId',
  count: 1,
  byId: 'u1',
  byName: null,
  data: null,
}

describe('a notification', () => {
  it('is read as the API gives it', () => {
    expect(toNotice(record)).toEqual({
      id: 'n1',
      kind: 'assigned',
      at: '2026-03-01T09:30:00.000Z',
      isRead: false,
      isArchived: false,
      entity: 'crm.leads:lead',
      recordId: 'l1',
      field: 'ownerId',
      count: 1,
      byId: 'u1',
      byName: null,
      data: {},
    })
  })

  it('says who did it where that is known, and how many there are', () => {
    const one = toNotice(record)
    expect(sentenceOf(one)).toBe('assigned')
    expect(sentenceOf({ ...one, byId: null })).toBe('assignedByNobody')
    expect(sentenceOf({ ...one, recordId: null, count: 500 })).toBe('assignedMany')
    expect(sentenceOf({ ...one, kind: 'mentioned', byId: null, byName: 'Rule' })).toBe('mentioned')
    expect(sentenceOf({ ...one, kind: 'work_failed' })).toBe('workFailed')
  })

  it('of a plugin says it in the language that is read, and leads to this site only', () => {
    const data = { text: { en: 'It failed.', de: 'Es schlug fehl.' }, link: '/studio/runs/1' }
    const one = { ...toNotice(record), kind: 'alert' as const, data }
    expect([saidIn(one, 'de-AT'), saidIn(one, 'fr')]).toEqual(['Es schlug fehl.', 'It failed.'])
    expect([sentenceOf(one), sentenceOf({ ...one, recordId: null, count: 3 })]).toEqual([
      null,
      'alertMany',
    ])
    const links = [
      linkOf(one),
      ...['//evil.test', 'https://evil.test', '/\\\\evil.test'].map((link) =>
        linkOf({ data: { link } }),
      ),
    ]
    expect(links).toEqual(['/studio/runs/1', null, null, null])
  })

  it('stands under the heading of its day', () => {
    const at = (day: string, id: string) => ({
      ...toNotice(record),
      id,
      at: `${day}T10:00:00.000Z`,
    })
    const some = [at('2026-03-02', 'a'), at('2026-03-02', 'b'), at('2026-03-01', 'c')]
    expect(
      byDay(some, (moment) => moment.slice(0, 10)).map(({ day, notices }) => [
        day,
        notices.map(({ id }) => id),
      ]),
    ).toEqual([
      ['2026-03-02', ['a', 'b']],
      ['2026-03-01', ['c']],
    ])
  })
})
