import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let viewer: Who
const s = (key: string) => `crm.segments:${key}`

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Rep', 'platform.people:rep')
  viewer = await crm.key('platform.people:viewer')
  for (let index = 0; index < 12; index++)
    await admin.create('leads', { name: `Lead ${index}`, company: 'Tarnby', score: index * 10 })
  await admin.create('leads', { name: 'Of Anna', company: 'Tarnby', ownerId: anna.userId })
})
afterAll(() => crm.stop())

const tarnby = { name: 'Tarnby', entity: 'leads', condition: { company: 'Tarnby' } }

async function segment(input: object = tarnby): Promise<string> {
  return (await admin.run(s('create_segment'), input)).output['segmentId'] as string
}

describe('create_segment', () => {
  it('saves entity and condition once they are checked', async () => {
    const { output } = await admin.run(s('create_segment'), tarnby)
    expect(output).toMatchObject({ entity: 'crm.leads:lead', count: 13 })
    expect(await admin.get('segments', output['segmentId'] as string)).toMatchObject({
      target: 'crm.leads:lead',
      condition: { company: 'Tarnby' },
      lastCount: 13,
    })
  })

  it('says where a condition is wrong, and saves nothing', async () => {
    const before = (await admin.list('segments', {})).length
    const at = async (condition: object) => {
      const input = { ...tarnby, condition }
      const { status, errors } = await admin.refused(s('create_segment'), input)
      expect(status).toBe(422)
      return errors.map(({ path }) => path)
    }
    expect(await at({ colour: 'red' })).toEqual(['input.condition.colour'])
    expect(await at({ $and: [{ name: 'x' }, { colour: 1 }] })).toEqual([
      expect.stringMatching(/^input\.condition\..*colour$/),
    ])
    expect((await at({ score: { $like: 1 } }))[0]).toMatch(/^input\.condition\.score/)
    expect((await at({ score: 'many' }))[0]).toMatch(/^input\.condition\.score/)
    expect(await at({ 'account.nothing.more': 1 })).toHaveLength(1)
    expect((await admin.list('segments', {})).length).toBe(before)
  })

  it('refuses entities that there are not, blank names, reps and those who only look', async () => {
    const refused = (input: object, who = admin) => who.refused(s('create_segment'), input)
    expect((await refused({ ...tarnby, entity: 'dragons' })).errors).toMatchObject([
      { path: 'input.entity' },
    ])
    expect((await refused({ ...tarnby, name: ' ' })).errors).toMatchObject([{ path: 'input.name' }])
    for (const who of [anna, viewer])
      expect(await refused(tarnby, who)).toMatchObject({ status: 403 })
  })

  it('is the only way to a condition', async () => {
    const id = await segment()
    const url = `/segments/${id}`
    for (const values of [{ condition: { colour: 1 } }, { target: 'crm.contacts:contact' }])
      expect(await admin.call('PATCH', url, values)).toMatchObject({
        status: 422,
        body: { errors: [{ code: 'READ_ONLY' }] },
      })
    expect((await admin.call('PATCH', url, { status: 'retired' })).status).toBe(200)
  })
})

describe('change_segment', () => {
  it('checks the new condition as the first one', async () => {
    const segmentId = await segment()
    const change = (condition: object) => ({ segmentId, condition })
    const changed = await admin.run(s('change_segment'), change({ score: { $gte: 100 } }))
    expect(changed.output['count']).toBe(2)
    expect((await admin.refused(s('change_segment'), change({ colour: 1 }))).errors).toMatchObject([
      { path: 'input.condition.colour' },
    ])
    expect(await admin.get('segments', segmentId)).toMatchObject({
      condition: { score: { $gte: 100 } },
    })
    expect(await anna.refused(s('change_segment'), change({}))).toMatchObject({ status: 403 })
  })
})

describe('preview_segment', () => {
  it('counts and shows ten, as far as the reader sees them', async () => {
    await admin.create('leads', {
      name: 'Of somebody else',
      company: 'Hidden',
      ownerId: admin.userId,
    })
    const segmentId = await segment({
      ...tarnby,
      condition: { company: { $in: ['Tarnby', 'Hidden'] } },
    })
    const all = await admin.run(s('preview_segment'), { segmentId })
    expect(all.output).toMatchObject({ count: 14, entity: 'crm.leads:lead' })
    expect(all.output['examples']).toHaveLength(10)
    const own = await anna.run(s('preview_segment'), { segmentId })
    const seen = await anna.list('leads', { company: { $in: ['Tarnby', 'Hidden'] } })
    expect(own.output['count']).toBe(seen.length)
    expect(seen.length).toBeLessThan(14)
    expect(JSON.stringify(own.output)).not.toContain('somebody else')
  })

  it('works for what is not saved, and names what is missing', async () => {
    const { entity, condition } = tarnby
    expect((await viewer.run(s('preview_segment'), { entity, condition })).output['count']).toBe(13)
    const at = async (input: object) =>
      (await admin.refused(s('preview_segment'), input)).errors.map(({ path }) => path)
    expect(await at({})).toEqual(['input.segmentId'])
    expect(await at({ entity })).toEqual(['input.condition'])
    expect(await at({ entity, condition: { colour: 1 } })).toEqual(['input.condition.colour'])
    const other = await crm.otherOrg()
    const theirs = await other.refused(s('preview_segment'), { segmentId: await segment() })
    const missing = await other.refused(s('preview_segment'), { segmentId: crm.unknownId() })
    expect({ ...theirs, requestId: '' }).toEqual({ ...missing, requestId: '' })
  })
})

describe('segment_members', () => {
  it('pages through all of them once', async () => {
    const segmentId = await segment()
    const seen: string[] = []
    let cursor: unknown
    do {
      const input = { segmentId, limit: 5, ...(cursor ? { cursor } : {}) }
      const { output } = await admin.run(s('segment_members'), input)
      seen.push(...(output['data'] as { id: string }[]).map(({ id }) => id))
      cursor = output['nextCursor']
    } while (cursor)
    expect(new Set(seen).size).toBe(13)
    expect(seen).toHaveLength(13)
    const odd = { segmentId, cursor: 'nonsense' }
    expect((await admin.refused(s('segment_members'), odd)).status).toBe(400)
  })
})

describe('add_segment_to_campaign', () => {
  it('adds who is in it now, once', async () => {
    const segmentId = await segment()
    const { id: campaignId } = await admin.create('campaigns', { name: 'Spring' })
    const add = () => admin.run(s('add_segment_to_campaign'), { segmentId, campaignId })
    expect((await add()).output).toMatchObject({ added: 13, already: 0, members: 13 })
    await admin.create('leads', { name: 'New', company: 'Tarnby' })
    expect((await add()).output).toMatchObject({ added: 1, already: 13, members: 14 })
  })

  it('refuses segments of other things, and those who only look', async () => {
    const { id: campaignId } = await admin.create('campaigns', { name: 'Summer' })
    const segmentId = await segment({ name: 'All', entity: 'accounts', condition: {} })
    const action = s('add_segment_to_campaign')
    expect(await admin.refused(action, { segmentId, campaignId })).toMatchObject({ status: 409 })
    const input = { segmentId: await segment(), campaignId }
    expect(await viewer.refused(action, input)).toMatchObject({ status: 403 })
    expect(
      (await admin.refused(action, { ...input, campaignId: crm.unknownId() })).status,
    ).toBeGreaterThanOrEqual(400)
  })
})
