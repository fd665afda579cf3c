import { describe, expect, it } from 'vitest'
import { type DigestItem, writeDigest } from './digest-mail.ts'

const frame = {
  language: 'en-GB',
  timeZone: 'Europe/Oslo',
  orgName: 'Acme',
  publicUrl: 'https://crm.test',
  t: (key: string, values: Record<string, string | number> = {}) =>
    `${key} ${Object.values(values).join(' ')}`.trim(),
}
const item: DigestItem = {
  kind: 'assigned',
  at: '2026-03-01T09:30:00.000Z',
  by: 'Ann',
  count: 1,
  entity: { plural: 'leads', one: 'Lead', many: 'Leads' },
  record: { id: 'l1', title: 'Grace' },
  data: {},
}

describe('a summary by mail', () => {
  it('says of each record once what happened to it, at the reader’s time', () => {
    const { subject, text, action } = writeDigest(
      [item, { ...item, kind: 'mentioned', by: '' }, { ...item, count: 500, record: null }],
      frame,
    )
    expect(subject).toBe('mail.subject 3 Acme')
    expect(text.split('\n\n')).toEqual([
      [
        'Grace (Lead)',
        '– mail.assigned Ann 0 0 · 1 Mar 2026, 10:30',
        '– mail.mentionedByNobody  0 0 · 1 Mar 2026, 10:30',
        'https://crm.test/leads/l1',
      ].join('\n'),
      ['500 Leads', '– mail.assigned Ann 0 0 · 1 Mar 2026, 10:30', 'https://crm.test/leads'].join(
        '\n',
      ),
      'https://crm.test/inbox',
      'mail.settings: https://crm.test/settings/notifications',
    ])
    expect(action.url).toBe('https://crm.test/inbox')
  })

  it('of a language that nobody knows is still written', () => {
    expect(writeDigest([item], { ...frame, language: '%' }).text).toContain('Mar 1, 2026')
  })
})
