import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** An estate agency works out what it would otherwise keep by hand. */
let app: TestApp
let agency: Caller
const ids: Record<string, string> = {}

const agent = {
  label: 'Agent',
  labelPlural: 'Agents',
  plural: 'brokers',
  titleField: 'name',
  fields: {
    name: { type: 'text', required: true },
    phone: { type: 'phone' },
    rank: { type: 'select', options: { junior: {}, senior: { label: 'Old hand' } } },
    bonus: { type: 'currency' },
  },
}
const viewing = {
  label: 'Viewing',
  labelPlural: 'Viewings',
  plural: 'viewings',
  titleField: 'name',
  fields: {
    name: { type: 'text' },
    property: { type: 'relation', to: 't:property' },
    day: { type: 'date' },
    stars: { type: 'integer' },
    offer: { type: 'currency' },
    outcome: { type: 'select', options: { liked: {}, left: {} } },
  },
}
const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'street',
  fields: {
    street: { type: 'text', required: true },
    price: { type: 'currency' },
    area: { type: 'number' },
    note: { type: 'text' },
    listed: { type: 'date' },
    agent: { type: 'relation', to: 't:agent' },
    pricePerMetre: {
      type: 'formula',
      formula: 'round(price / area, 2)',
      params: { format: 'currency' },
    },
    asNumber: { type: 'formula', formula: 'number(note)' },
    isLarge: { type: 'formula', formula: 'area > 100' },
    ready: { type: 'formula', formula: 'date_add(listed, 30, "d")' },
    title: { type: 'formula', formula: 'upper(street) & " · " & agent.name' },
    agentPhone: { type: 'lookup', lookup: { through: 'agent', field: 'phone' } },
    agentRank: { type: 'lookup', lookup: { through: 'agent', field: 'rank' } },
    agentBonus: { type: 'lookup', lookup: { through: 'agent', field: 'bonus' } },
    viewings: {
      type: 'rollup',
      rollup: { from: 't:viewing', through: 'property', measure: { count: '*' } },
    },
    liked: {
      type: 'rollup',
      rollup: {
        from: 't:viewing',
        through: 'property',
        measure: { count: '*' },
        filter: { outcome: 'liked' },
      },
    },
    stars: {
      type: 'rollup',
      rollup: { from: 't:viewing', through: 'property', measure: { avg: 'stars' } },
    },
    bestOffer: {
      type: 'rollup',
      rollup: { from: 't:viewing', through: 'property', measure: { max: 'offer' } },
    },
    lastViewing: {
      type: 'rollup',
      rollup: { from: 't:viewing', through: 'property', measure: { max: 'day' } },
    },
    interest: { type: 'formula', formula: 'viewings * 10 + coalesce(stars, 0)' },
    likedShare: {
      type: 'formula',
      formula: '100 * liked / viewings',
      params: { format: 'percent' },
    },
  },
}

beforeAll(async () => {
  app = await startApp()
  agency = await app.createOrg({ name: 'Estates' })
  await draft([
    { op: 'set', path: ['entities', 'agent'], value: agent },
    { op: 'set', path: ['entities', 'viewing'], value: viewing },
    { op: 'set', path: ['entities', 'property'], value: property },
  ])
  await publish()
  ids.ada = await make('brokers', {
    name: 'Ada',
    phone: '+4722000001',
    rank: 'senior',
    bonus: '12.50',
  })
  ids.main = await make('properties', {
    street: 'Main Street 1',
    price: { amount: '300000', currency: 'EUR' },
    area: 120,
    note: '12.5',
    listed: '2026-03-01',
    agentId: ids.ada,
  })
  ids.side = await make('properties', {
    street: 'Side Street 2',
    price: '1000',
    area: 0,
    note: 'n/a',
  })
  const seen = [
    { stars: 4, outcome: 'liked', day: '2026-03-02', offer: '280000' },
    { stars: 2, outcome: 'left', day: '2026-03-05', offer: '10.1' },
    { stars: null, outcome: 'liked', day: null },
  ]
  for (const one of seen) await make('viewings', { name: 'V', propertyId: ids.main, ...one })
})
afterAll(() => app.stop())

async function draft(ops: object[], status = 200) {
  const answer = await agency.call('PATCH', '/studio/draft', { ops })
  expect(answer.statusCode, answer.body).toBe(status)
  return answer.json()
}

async function publish() {
  const { hash, items } = (await agency.call('POST', '/studio/plan')).json()
  const answer = await agency.call('POST', '/studio/publish', { hash, message: 'Estates' })
  expect(answer.statusCode, answer.body).toBe(201)
  return items
}

async function make(plural: string, values: object): Promise<string> {
  const answer = await agency.call('POST', `/${plural}`, values)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json().id
}

async function get(id: string, who = agency) {
  return (await who.call('GET', `/properties/${id}`)).json()
}

async function list(query: Record<string, string | object>, who = agency) {
  const text = Object.entries(query).map(
    ([key, value]) =>
      `${key}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`,
  )
  const answer = await who.call('GET', `/properties?${text.join('&')}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json().data as Record<string, unknown>[]
}

const field = (key: string, value: object) => ({
  op: 'set',
  path: ['entities', 'property', 'fields', key],
  value,
})

describe('computed fields', () => {
  it('are worked out from the record, from the one it leads to and from those that lead to it', async () => {
    expect(await get(ids.main!)).toMatchObject({
      pricePerMetre: 2500,
      asNumber: 12.5,
      isLarge: true,
      ready: '2026-03-31',
      title: 'MAIN STREET 1 · Ada',
      agentPhone: '+4722000001',
      agentRank: 'senior',
      agentBonus: { amount: '12.50', currency: 'USD' },
      viewings: 3,
      liked: 2,
      stars: 3,
      bestOffer: 280000,
      lastViewing: '2026-03-05',
      interest: 33,
    })
  })

  it('are blank where there is no answer: division by zero, a text that is no number, no record', async () => {
    expect(await get(ids.side!)).toMatchObject({
      pricePerMetre: null,
      asNumber: null,
      isLarge: false,
      ready: null,
      title: 'SIDE STREET 2 · ',
      agentPhone: null,
      agentBonus: null,
      viewings: 0,
      stars: null,
      likedShare: null,
    })
  })

  it('stand in the answer of a create and of an update', async () => {
    const made = await agency.call('POST', '/properties', { street: 'New', agentId: ids.ada })
    expect(made.json()).toMatchObject({
      title: 'NEW · Ada',
      agentPhone: '+4722000001',
      viewings: 0,
    })
    const { id } = made.json()
    const changed = await agency.call('PATCH', `/properties/${id}`, { area: 10, price: '55' })
    expect(changed.json()).toMatchObject({ pricePerMetre: 5.5, agentPhone: '+4722000001' })
    await agency.call('DELETE', `/properties/${id}`)
  })

  it('are filtered, sorted, grouped and summed by', async () => {
    const streets = async (query: Record<string, string | object>) =>
      (await list(query)).map(({ street }) => street)
    expect(await streets({ filter: { pricePerMetre: { $gte: 2500 } } })).toEqual(['Main Street 1'])
    expect(await streets({ filter: { viewings: 0 } })).toEqual(['Side Street 2'])
    expect(await streets({ filter: { agentRank: 'senior' } })).toEqual(['Main Street 1'])
    expect(await streets({ filter: { 'agentBonus.currency': 'USD' } })).toEqual(['Main Street 1'])
    expect(await streets({ filter: { lastViewing: { $gt: '2026-03-04' } } })).toEqual([
      'Main Street 1',
    ])
    expect(await streets({ sort: '-viewings' })).toEqual(['Main Street 1', 'Side Street 2'])
    expect(await streets({ sort: 'title' })).toEqual(['Main Street 1', 'Side Street 2'])
    const first = await agency.call('GET', '/properties?sort=viewings&limit=1')
    const { nextCursor } = first.json().page
    const second = await agency.call(
      'GET',
      `/properties?sort=viewings&limit=1&cursor=${nextCursor}`,
    )
    expect(second.json().data[0].street).toBe('Main Street 1')
    const sums = await agency.call('POST', '/properties/aggregate', {
      groupBy: [{ field: 'isLarge' }],
      measures: {
        n: { count: '*' },
        viewings: { sum: 'viewings' },
        price: { avg: 'pricePerMetre' },
      },
    })
    expect(sums.json().data).toEqual([
      { isLarge: false, n: 1, viewings: 0, price: null },
      { isLarge: true, n: 1, viewings: 3, price: 2500 },
    ])
    const found = await agency.call('GET', '/viewings?expand=property&limit=1')
    expect(found.json().data[0].property).toMatchObject({ viewings: 3, agentPhone: '+4722000001' })
  })

  it('are read-only, and leave version and history alone', async () => {
    const refused = await agency.call('PATCH', `/properties/${ids.main}`, {
      viewings: 5,
      title: 'x',
    })
    expect(refused.statusCode).toBe(422)
    expect(refused.json().errors).toMatchObject([
      { path: 'viewings', code: 'READ_ONLY' },
      { path: 'title', code: 'READ_ONLY' },
    ])
    const before = await get(ids.main!)
    const id = await make('viewings', { name: 'V', propertyId: ids.main })
    const after = await get(ids.main!)
    expect(after).toMatchObject({ viewings: 4, version: before.version })
    await agency.call('DELETE', `/viewings/${id}`)
    expect(await get(ids.main!)).toMatchObject({ viewings: 3 })
    const history = await agency.call('GET', `/properties/${ids.main}/history`)
    expect(history.body).not.toContain('pricePerMetre')
  })

  it('tell the model what their values are like', async () => {
    const { entities } = (await agency.call('GET', '/model')).json()
    const { fields } = entities.find(({ ref }: { ref: string }) => ref === 't:property')
    const of = (name: string) => fields.find(({ key }: { key: string }) => key === name)
    expect(of('pricePerMetre')).toMatchObject({
      kind: 'number',
      display: 'currency',
      editor: 'none',
      readOnly: true,
      sortable: true,
      can: { create: false, update: false },
    })
    expect(of('pricePerMetre').source).toBe('round(price / area, 2)')
    expect(of('agentPhone').source).toBe('agent.phone')
    expect(of('bestOffer').source).toBe('max(viewings.offer)')
    expect(of('street').source).toBeUndefined()
    expect(of('likedShare')).toMatchObject({ display: 'percent' })
    expect(of('agentPhone')).toMatchObject({ kind: 'text', display: 'phone' })
    expect(of('agentRank').options).toMatchObject([{ key: 'junior' }, { label: 'Old hand' }])
    expect(of('lastViewing')).toMatchObject({ kind: 'date', measures: ['min', 'max'] })
    const openapi = (await agency.call('GET', '/openapi.json')).json()
    expect(openapi.components.schemas['t.property'].properties.viewings).toMatchObject({
      anyOf: [{ type: 'integer' }, { type: 'null' }],
    })
  })

  it('are blank when the record that they look at is deleted, and back when it is there again', async () => {
    await agency.call('DELETE', `/brokers/${ids.ada}`)
    expect(await get(ids.main!)).toMatchObject({ agentPhone: null, title: 'MAIN STREET 1 · ' })
    await agency.call('POST', `/brokers/${ids.ada}/restore`)
    await agency.call('PATCH', `/properties/${ids.main}`, { agentId: ids.ada })
    expect(await get(ids.main!)).toMatchObject({ agentPhone: '+4722000001' })
  })
})

it('of records that lead to others of their kind are right in the answer of a bulk write', async () => {
  const ops = [
    field('parent', { type: 'relation', to: 't:property' }),
    field('parts', {
      type: 'rollup',
      rollup: { from: 't:property', through: 'parent', measure: { count: '*' } },
    }),
    field('wholeStreet', { type: 'lookup', lookup: { through: 'parent', field: 'street' } }),
  ]
  await draft(ops)
  await publish()
  const house = await make('properties', { street: 'House' })
  const flat = await make('properties', { street: 'Flat' })
  const answer = await agency.call('POST', '/properties/bulk', {
    update: [
      { id: house, street: 'Tower', note: '1' },
      { id: flat, parentId: house, street: 'Flat 1' },
    ],
  })
  expect(answer.statusCode, answer.body).toBe(200)
  const own = await agency.call('PATCH', `/properties/${house}`, { parentId: house })
  expect(own.json()).toMatchObject({ parts: 2, wholeStreet: 'Tower', street: 'Tower' })
  for (const id of [house, flat]) await agency.call('DELETE', `/properties/${id}`)
})

describe('what a reader may not see', () => {
  let clerk: Caller
  beforeAll(async () => {
    await draft([
      {
        op: 'set',
        path: ['roles', 'clerk'],
        value: {
          label: 'Clerk',
          rules: {
            properties: { operations: ['read'], entity: 't:property' },
            prices: {
              effect: 'deny',
              operations: ['read'],
              entity: 't:property',
              fields: ['price'],
            },
            viewings: {
              operations: ['read'],
              entity: 't:viewing',
              condition: { outcome: 'liked' },
            },
            stars: { effect: 'deny', operations: ['read'], entity: 't:viewing', fields: ['stars'] },
          },
          permissions: ['studio:read'],
        },
      },
    ])
    await publish()
    clerk = await app.createKey(agency.orgId, { role: 't:clerk' })
  })

  it('is not in what is worked out for them', async () => {
    expect(await get(ids.main!, clerk)).toMatchObject({
      pricePerMetre: null,
      title: 'MAIN STREET 1 · ',
      agentPhone: null,
      viewings: 2,
      stars: null,
      bestOffer: 280000,
      lastViewing: '2026-03-02',
    })
  })

  it('does not leak through filters, sorts, groups and sums either', async () => {
    expect(await list({ filter: { pricePerMetre: { $gt: 0 } } }, clerk)).toEqual([])
    expect(await list({ filter: { agentPhone: { $startsWith: '+47' } } }, clerk)).toEqual([])
    expect(await list({ filter: { stars: 3 } }, clerk)).toEqual([])
    expect(await list({ filter: { viewings: 3 } }, clerk)).toEqual([])
    const sums = await clerk.call('POST', '/properties/aggregate', {
      groupBy: [{ field: 'agentRank' }],
      measures: { best: { max: 'pricePerMetre' } },
    })
    expect(sums.json().data).toEqual([{ agentRank: null, best: null }])
  })

  it('is not named by what the model says they are worked out from', async () => {
    const { entities } = (await clerk.call('GET', '/model')).json()
    const { fields } = entities.find(({ ref }: { ref: string }) => ref === 't:property')
    const sourceOf = (name: string) =>
      fields.find(({ key }: { key: string }) => key === name)?.source ?? null
    expect(sourceOf('isLarge')).toBe('area > 100')
    expect(sourceOf('viewings')).toBe('count(viewings)')
    for (const name of ['pricePerMetre', 'agentPhone', 'stars', 'title'])
      expect([name, sourceOf(name)]).toEqual([name, null])
  })

  it('is not in a preview', async () => {
    const preview = async (who: Caller, formula: string) =>
      (
        await who.call('POST', '/studio/formula', {
          entity: 'properties',
          formula,
          recordId: ids.main,
        })
      ).json()
    expect(await preview(agency, 'price & agent.name')).toMatchObject({
      result: { type: 'text' },
      errors: [],
      samples: [{ id: ids.main, title: 'Main Street 1', value: '300000Ada' }],
    })
    expect((await preview(clerk, 'price & agent.name')).samples).toMatchObject([{ value: null }])
    expect((await preview(clerk, 'viewings')).samples).toMatchObject([{ value: 2 }])
  })
})

describe('a preview', () => {
  const preview = async (body: object, who = agency) => who.call('POST', '/studio/formula', body)

  it('runs over a few records when none is named', async () => {
    const answer = await preview({ entity: 't:property', formula: 'len(street)' })
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json().result).toEqual({ type: 'number', kind: 'number' })
    expect(
      answer
        .json()
        .samples.map(({ value }: { value: number }) => value)
        .sort(),
    ).toEqual([13, 13])
  })

  it('says where a formula is wrong and what to do', async () => {
    const answer = await preview({ entity: 't:property', formula: 'price / are' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      result: null,
      errors: [
        { at: 8, message: 'There is no field "are".', hint: expect.stringContaining('area') },
      ],
      samples: [],
    })
  })

  it('is for those who may look into the studio and at the records', async () => {
    const viewer = await app.createKey(agency.orgId, { role: 'platform.people:viewer' })
    const refused = await preview({ entity: 't:property', formula: '1' }, viewer)
    expect(refused.statusCode).toBe(403)
    expect((await preview({ entity: 'nothing', formula: '1' })).statusCode).toBe(404)
    const none = await preview({
      entity: 't:property',
      formula: '1',
      recordId: '01890000-0000-7000-8000-000000000000',
    })
    expect(none.statusCode).toBe(404)
    expect((await preview({ entity: 't:property', formula: 'x'.repeat(5000) })).statusCode).toBe(
      422,
    )
  })
})

describe('what cannot be computed', () => {
  const refused = async (key: string, value: object, path: string, message: string) => {
    const answer = await draft([field(key, value)], 422)
    expect(answer.errors[0].path).toBe(`entities/property/fields/${key}/${path}`)
    expect(answer.errors[0].message).toContain(message)
  }

  it('is refused in the draft, with the place and a hint', async () => {
    await refused('bad', { type: 'formula', formula: 'price / ' }, 'formula', 'Character 9')
    await refused(
      'bad',
      { type: 'formula', formula: 'price & 1 + street' },
      'formula',
      'Expected a number, not a text',
    )
    await refused('bad', { type: 'formula' }, 'formula', 'missing')
    await refused('bad', { type: 'text', formula: '1' }, 'formula', 'no formula')
    await refused('bad', { type: 'formula', formula: 'agent' }, 'formula', 'agent.name')
    const through = (name: string, of: string) => ({
      type: 'lookup',
      lookup: { through: name, field: of },
    })
    await refused('bad', through('nobody', 'name'), 'lookup/through', 'Use one of agent')
    await refused('bad', through('street', 'name'), 'lookup/through', 'does not lead to one record')
    await refused('bad', through('agent', 'nothing'), 'lookup/field', 'name, phone')
    await draft([field('owners', { type: 'relations', to: 't:agent' })])
    await refused('bad', { type: 'formula', formula: 'owners.name' }, 'formula', 'many records')
    await refused('bad', { type: 'formula', formula: 'ownerIds' }, 'formula', 'many records')
    await draft([
      {
        op: 'unset',
        path: ['entities', 'property', 'fields', 'owners'],
        from: { type: 'relations', to: 't:agent' },
      },
    ])
    const rollup = (parts: object) => ({
      type: 'rollup',
      rollup: { from: 't:viewing', through: 'property', measure: { count: '*' }, ...parts },
    })
    await refused('bad', rollup({ from: 't:nothing' }), 'rollup/from', 'no entity t:nothing')
    await refused('bad', rollup({ through: 'day' }), 'rollup/through', 'does not lead here')
    await refused(
      'bad',
      rollup({ measure: { sum: 'name' } }),
      'rollup/measure/sum',
      'no sum of "name"',
    )
    await refused('bad', rollup({ filter: { nothing: 1 } }), 'rollup/filter/nothing', 'nothing')
    await refused('bad', rollup({ filter: { stars: 'x' } }), 'rollup/filter/stars.$eq', 'number')
  })

  it('goes round: the way is told', async () => {
    const answer = await draft(
      [
        field('one', { type: 'formula', formula: 'two + 1' }),
        field('two', { type: 'formula', formula: 'one + 1' }),
      ],
      422,
    )
    const messages = answer.errors.map(({ message }: { message: string }) => message).join('\n')
    expect(messages).toContain('one → two → one')
    const far = await draft(
      [
        {
          op: 'set',
          path: ['entities', 'agent', 'fields', 'sales'],
          value: {
            type: 'rollup',
            rollup: { from: 't:property', through: 'agent', measure: { sum: 'commission' } },
          },
        },
        field('commission', { type: 'formula', formula: 'agent.sales / 10' }),
      ],
      422,
    )
    expect(JSON.stringify(far.errors)).toContain(' → ')
  })

  it('builds on one another too deep, or grows too large', async () => {
    const deep = await draft(
      [
        field('d1', { type: 'formula', formula: 'area + 1' }),
        field('d2', { type: 'formula', formula: 'd1 + 1' }),
        field('d3', { type: 'formula', formula: 'd2 + 1' }),
        field('d4', { type: 'formula', formula: 'd3 + 1' }),
      ],
      422,
    )
    expect(deep.errors[0].message).toContain('at most 3 deep')
    const many = (name: string) => Array.from({ length: 150 }, () => name).join(' + ')
    const answer = await draft(
      [
        field('w1', { type: 'formula', formula: many('area') }),
        field('w2', { type: 'formula', formula: many('w1') }),
      ],
      422,
    )
    expect(answer.errors[0].message).toContain('2000 at most')
  })

  it('was, until somebody took a part away: the plan says so, and the field stands blank', async () => {
    const removal = {
      op: 'unset',
      path: ['entities', 'property', 'fields', 'area'],
      from: property.fields.area,
    }
    await draft([removal])
    const items = await publish()
    expect(items).toContainEqual(
      expect.objectContaining({
        severity: 'breaking',
        path: 'entities/t:property/fields/pricePerMetre',
        text: expect.stringContaining('stays blank'),
      }),
    )
    expect(await get(ids.main!)).toMatchObject({ pricePerMetre: null, agentPhone: '+4722000001' })
    await draft([{ op: 'set', path: removal.path, value: property.fields.area }])
    await publish()
    const put = await agency.call('PATCH', `/properties/${ids.main}`, { area: 100 })
    expect(put.statusCode, put.body).toBe(200)
    expect(await get(ids.main!)).toMatchObject({ pricePerMetre: 3000 })
  })

  it('follows what it looks at when that changes', async () => {
    await draft([
      {
        op: 'set',
        path: ['entities', 'agent', 'fields', 'rank', 'options', 'junior', 'label'],
        value: 'New hand',
      },
    ])
    await publish()
    const { entities } = (await agency.call('GET', '/model')).json()
    const { fields } = entities.find(({ ref }: { ref: string }) => ref === 't:property')
    const rank = fields.find(({ key }: { key: string }) => key === 'agentRank')
    expect(rank.options[0]).toMatchObject({ label: 'New hand' })
  })
})

it('a text for a provider to fill is written by people until there is one', async () => {
  await draft([
    field('summary', { type: 'aiFill', params: { prompt: 'In one line.', fields: ['street'] } }),
  ])
  await publish()
  const changed = await agency.call('PATCH', `/properties/${ids.main}`, { summary: 'Bright.' })
  expect(changed.json()).toMatchObject({ summary: 'Bright.' })
})

it('looks through no deleted record, although the field still leads to it', async () => {
  await draft([
    field('keeper', { type: 'user' }),
    field('keeperMail', { type: 'lookup', lookup: { through: 'keeper', field: 'email' } }),
  ])
  await publish()
  const keeperId = await make('users', { name: 'Kim', email: 'kim@agency.test' })
  const id = await make('properties', { street: 'Kept', keeperId })
  expect(await get(id)).toMatchObject({ keeperId, keeperMail: 'kim@agency.test' })
  expect((await agency.call('DELETE', `/users/${keeperId}`)).statusCode).toBe(204)
  expect(await get(id)).toMatchObject({ keeperId, keeperMail: null })
})
