import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Views of all kinds as contributions and as what people save, through the public API alone. */
let app: TestApp
let acme: Caller

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Viewers' })
})
afterAll(() => app.stop())

const place = {
  label: 'Place',
  labelPlural: 'Places',
  plural: 'places',
  titleField: 'name',
  fields: {
    name: { type: 'text', required: true },
    opensOn: { type: 'date' },
    position: { type: 'geo' },
    photo: { type: 'image' },
    state: { type: 'select', options: { open: {}, shut: {} } },
  },
}
const settings: Readonly<Record<string, object>> = {
  table: { columns: ['name'] },
  board: { columns: ['name'], groupBy: 'state' },
  calendar: { calendar: { date: 'opensOn' } },
  gallery: { gallery: { cover: 'photo' } },
  map: { map: { place: 'position' } },
  timeline: { timeline: { start: 'opensOn', scale: 'week' } },
  chart: { chart: { by: 'state', form: 'donut' } },
}
const view = (kind: string, more: object) => ({ entity: 't:place', label: kind, kind, ...more })
const set = (path: string[], value: unknown) => ({ op: 'set', path, value })
const unset = (path: string[], from: unknown) => ({ op: 'unset', path, from })
const draft = (ops: object[]) => acme.call('PATCH', '/api/v1/studio/draft', { ops })

async function publish(): Promise<void> {
  const { hash } = (await acme.call('POST', '/api/v1/studio/plan')).json()
  const answer = await acme.call('POST', '/api/v1/studio/publish', { hash, message: 'Views' })
  expect(answer.statusCode, answer.body).toBe(201)
}
const viewsOf = async (): Promise<Record<string, unknown>[]> =>
  (await acme.call('GET', '/api/v1/model'))
    .json()
    .views.filter((one: { entity: string }) => one.entity === 't:place')
const places = (answer: { json(): { errors: { path: string; code: string }[] } }) =>
  answer.json().errors.map(({ path, code }) => `${path} ${code}`)

describe('views of an object made a minute ago', () => {
  it('are published in all seven kinds', async () => {
    const kinds = Object.entries(settings)
    const edited = await draft([
      set(['entities', 'place'], place),
      ...kinds.map(([kind, more]) => set(['views', kind], view(kind, more))),
    ])
    expect(edited.statusCode, edited.body).toBe(200)
    await publish()
    expect((await viewsOf()).map((one) => one['kind']).sort()).toEqual(
      kinds.map(([kind]) => kind).sort(),
    )
  })

  it.each([
    ['calendar', {}, 'views/wrong/calendar REQUIRED'],
    ['calendar', { calendar: {} }, 'views/wrong/calendar/date REQUIRED'],
    ['map', { map: { place: 'position', tiles: 'x' } }, 'views/wrong/map/tiles UNKNOWN_FIELD'],
    ['timeline', { timeline: { start: 3 } }, 'views/wrong/timeline/start WRONG_TYPE'],
    ['chart', { chart: { by: 'state', form: 'radar' } }, 'views/wrong/chart/form UNKNOWN_OPTION'],
    ['chart', { chart: { by: 'state', measure: 'sum' } }, 'views/wrong/chart/of REQUIRED'],
    ['board', { columns: ['name'] }, 'views/wrong/groupBy REQUIRED'],
    ['table', {}, 'views/wrong/columns REQUIRED'],
    ['kanban', {}, 'views/wrong/kind UNKNOWN_OPTION'],
  ])('are refused as a %s with %j', async (kind, more, problem) => {
    const answer = await draft([set(['views', 'wrong'], view(kind, more))])
    expect(answer.statusCode).toBe(422)
    expect(places(answer)).toEqual([problem])
  })

  it('stay, and name what they have lost, when a field is removed', async () => {
    const taken = await draft([unset(['entities', 'place', 'fields', 'opensOn'], { type: 'date' })])
    expect(taken.statusCode, taken.body).toBe(200)
    await publish()
    const calendar = (await viewsOf()).find((one) => one['kind'] === 'calendar')
    expect(calendar).toMatchObject({ calendar: { date: 'opensOn' } })
  })
})

const save = (values: object) =>
  acme.call('POST', '/api/v1/saved-views', { name: 'Mine', entityRef: 't:place', ...values })

describe('a saved view', () => {
  it.each(Object.entries(settings))('is kept as a %s', async (kind, more) => {
    const answer = await save({ body: { kind, ...more } })
    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json().body).toEqual({ kind, ...more })
  })

  it.each([
    [{ kind: 'calendar', calendar: { end: 'opensOn' } }, 'body.calendar.date REQUIRED'],
    [{ kind: 'gallery', gallery: { cover: 'photo', rows: 3 } }, 'body.gallery.rows UNKNOWN_FIELD'],
    [{ kind: 'table', columns: ['name', 7] }, 'body.columns[1] WRONG_TYPE'],
    [{ kind: 'chart', chart: { by: 'state', bucket: 'hour' } }, 'body.chart.bucket UNKNOWN_OPTION'],
    [{ columns: ['name'] }, 'body.kind REQUIRED'],
    ['table', 'body WRONG_TYPE'],
  ])('is refused as %j', async (body, problem) => {
    const answer = await save({ body })
    expect(answer.statusCode).toBe(422)
    expect(places(answer)).toContain(problem)
  })

  it('that is locked stays as it is until it is unlocked', async () => {
    const body = { kind: 'table', columns: ['name'] }
    const locked = (await save({ body, shared: true, locked: true, roles: ['t:clerk'] })).json()
    const url = `/api/v1/saved-views/${locked.id}`
    const refused = await acme.call('PATCH', url, { body: { ...body, columns: ['state'] } })
    expect(refused.statusCode).toBe(422)
    expect(places(refused)).toEqual(['locked BAD_FORMAT'])
    expect((await acme.call('DELETE', url)).statusCode).toBe(409)
    expect((await acme.call('GET', url)).json()).toMatchObject({ body, roles: ['t:clerk'] })
    const freed = await acme.call('PATCH', url, { locked: false, name: 'Free' })
    expect(freed.json()).toMatchObject({ locked: false, name: 'Free' })
    expect((await acme.call('DELETE', url)).statusCode).toBe(204)
  })

  it('is refused by its lock only to those who may change it', async () => {
    const rep = await joinOrg(app, acme, 'platform.people:rep')
    const body = { kind: 'table', columns: ['name'] }
    const { id } = (await save({ body, shared: true, locked: true })).json()
    for (const [method, values] of [['PATCH', { name: 'Other' }], ['DELETE']] as const) {
      const answer = await rep.call(method, `/saved-views/${id}`, values)
      expect([method, answer.statusCode]).toEqual([method, 403])
    }
  })
})
