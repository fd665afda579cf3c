/** An object of an organisation's own with a field of every family, and one record of it. */
export const specimenFields = {
  person: { type: 'personName', label: 'Person', required: true, order: 1 },
  tint: { type: 'color', label: 'Tint', order: 2 },
  effort: { type: 'duration', label: 'Effort', order: 3 },
  stars: { type: 'rating', label: 'Stars', order: 4 },
  progress: { type: 'slider', label: 'Progress', order: 5 },
  stay: { type: 'period', label: 'Stay', order: 6 },
  land: { type: 'country', label: 'Country', order: 7 },
  opens: { type: 'time', label: 'Opens', order: 8 },
  picture: { type: 'image', label: 'Picture', order: 9 },
  papers: { type: 'files', label: 'Papers', order: 10 },
  place: { type: 'geo', label: 'Place', order: 11 },
  home: { type: 'address', label: 'Home', order: 12 },
  story: { type: 'richText', label: 'Story', order: 13 },
  steps: { type: 'checklist', label: 'Steps', order: 14 },
  sizes: { type: 'keyValue', label: 'Sizes', order: 15 },
  mails: { type: 'emails', label: 'Mails', order: 16 },
  query: { type: 'code', label: 'Query', order: 17 },
  raw: { type: 'json', label: 'Raw', order: 18 },
  account: { type: 'iban', label: 'Account', order: 19 },
  month: { type: 'month', label: 'Month', order: 20 },
  year: { type: 'year', label: 'Year', order: 21 },
  tongue: { type: 'language', label: 'Language', order: 22 },
  moment: { type: 'dateTime', label: 'Moment', order: 23 },
  worth: { type: 'currency', label: 'Worth', order: 24 },
  level: {
    type: 'select',
    label: 'Level',
    order: 25,
    options: { low: { color: 5 }, high: { color: 2 } },
  },
  words: { type: 'tags', label: 'Words', order: 26 },
  lead: { type: 'relation', label: 'Lead', to: 'crm.leads:lead', order: 27 },
  leads: { type: 'relations', label: 'More leads', to: 'crm.leads:lead', order: 28 },
  about: { type: 'reference', label: 'About', order: 29 },
  twice: { type: 'formula', label: 'Twice', formula: 'stars * 2', order: 30 },
  summary: { type: 'aiFill', label: 'Summary', params: { prompt: 'Sum up.' }, order: 31 },
  note: { type: 'longText', label: 'Note', order: 32 },
}
const entity = {
  label: 'Specimen',
  labelPlural: 'Specimens',
  plural: 'specimens',
  icon: 'shapes',
  titleField: 'person',
  fields: specimenFields,
}
const page = {
  label: 'Specimens',
  path: '/specimens',
  icon: 'shapes',
  entity: 't:specimen',
  group: 'records',
  order: 96,
}
const values = {
  person: { prefix: 'Dr.', first: 'Ann', last: 'Lee' },
  tint: '#3366ff',
  effort: 5400,
  stars: 4,
  progress: 60,
  stay: { from: '2026-03-01', to: '2026-03-14' },
  land: 'NO',
  opens: '09:30',
  place: { lat: 59.9139, lng: 10.7522 },
  home: { street: 'Storgata 1', postalCode: '0155', city: 'Oslo', country: 'NO' },
  story: '<p>Call <strong>Ann</strong> about the offer.</p><ul><li>price</li><li>berth</li></ul>',
  steps: [
    { text: 'Send the offer', done: true },
    { text: 'Call back', done: false },
  ],
  sizes: { Length: '12 m', Beam: '3.9 m' },
  mails: ['ann@example.com', 'bo@example.org'],
  query: 'select 1\n  from t;',
  raw: { a: [1, true, null] },
  account: 'NO9386011117947',
  month: '2026-03',
  year: 1968,
  tongue: 'de-CH',
  // With seconds, which no input of a browser shows.
  moment: '2026-03-01T09:30:15.000Z',
  worth: { amount: '1054.50', currency: 'USD' },
  level: 'low',
  words: ['vip', 'north'],
  note: '  Two lines.\nOf text.  ',
}

type Ask = <T>(method: string, path: string, body?: unknown) => Promise<T>

/** @returns the id of the record. */
export async function publishSpecimen(ask: Ask, files: readonly { id: string }[]): Promise<string> {
  const ops = [
    { op: 'set', path: ['entities', 'specimen'], value: entity },
    { op: 'set', path: ['pages', 'specimens'], value: page },
  ]
  await ask('PATCH', '/studio/draft', { ops })
  const { hash } = await ask<{ hash: string }>('POST', '/studio/plan', {})
  await ask('POST', '/studio/publish', { hash, message: 'Specimens' })
  const [first, ...others] = await Promise.all(
    ['Ida Moe', 'Jo Bakke', 'Kim Dahl'].map(
      async (name) => (await ask<{ id: string }>('POST', '/leads', { name })).id,
    ),
  )
  const made = await ask<{ id: string }>('POST', '/specimens', {
    ...values,
    leadId: first,
    leadIds: others,
    about: { entity: 'leads', id: first },
    papers: files.map(({ id }) => id),
  })
  return made.id
}
