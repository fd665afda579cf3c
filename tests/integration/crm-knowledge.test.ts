import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CrmTest, openCrm, type Who } from './crm-setup.ts'

let crm: CrmTest
let admin: Who
let anna: Who
let viewer: Who
const k = (key: string) => `crm.knowledge:${key}`

beforeAll(async () => {
  crm = await openCrm()
  admin = crm.admin
  anna = await crm.member('Anna Rep', 'platform.people:rep')
  viewer = await crm.key('platform.people:viewer')
})
afterAll(() => crm.stop())

async function article(title: string, more: object = {}, publish = true): Promise<string> {
  const { output } = await admin.run(k('create_article'), { title, body: 'A text.', ...more })
  const articleId = output['articleId'] as string
  if (publish) await admin.run(k('publish_article'), { articleId })
  return articleId
}

async function titles(who: Who, input: object): Promise<string[]> {
  const { output } = await who.run(k('search_knowledge'), input)
  return (output['articles'] as { title: string }[]).map(({ title }) => title)
}

describe('create_article', () => {
  it('drafts one of a solved ticket, without what the customer wrote', async () => {
    const made = await admin.run('crm.tickets:create_ticket', {
      subject: 'Gate jams',
      description: 'My name is Lea and I am furious.',
    })
    const { ticketId } = made.output
    expect((await admin.refused(k('create_article'), { ticketId })).errors).toMatchObject([
      { path: 'input.body', code: 'REQUIRED' },
    ])
    await admin.run('crm.tickets:resolve_ticket', { ticketId, resolution: 'Oil the hinge.' })
    const { output } = await admin.run(k('create_article'), { ticketId })
    expect(await admin.get('knowledge-articles', output['articleId'] as string)).toMatchObject({
      title: 'Gate jams',
      body: 'Oil the hinge.',
      state: 'draft',
      visibility: 'internal',
    })
  })

  it('names what is missing, and refuses reps and those who only look', async () => {
    const at = async (input: object) =>
      (await admin.refused(k('create_article'), input)).errors.map(({ path }) => path)
    expect(await at({})).toEqual(['input.title'])
    expect(await at({ title: 'x' })).toEqual(['input.body'])
    expect(await at({ ticketId: crm.unknownId() })).toEqual(['input.ticketId'])
    for (const who of [anna, viewer])
      expect(await who.refused(k('create_article'), { title: 'x', body: 'x' })).toMatchObject({
        status: 403,
      })
  })
})

describe('publish_article and archive_article', () => {
  it('let it be found and take it out again', async () => {
    const articleId = await article('Quokka handbook', {}, false)
    expect(await titles(admin, { query: 'quokka' })).toEqual([])
    expect((await anna.call('GET', `/knowledge-articles/${articleId}`)).status).toBe(404)
    expect((await viewer.call('GET', `/knowledge-articles/${articleId}`)).status).toBe(404)
    await admin.run(k('publish_article'), { articleId, visibility: 'public' })
    for (const who of [admin, anna, viewer])
      expect(await titles(who, { query: 'quokka' })).toEqual(['Quokka handbook'])
    await admin.run(k('archive_article'), { articleId })
    expect(await titles(admin, { query: 'quokka' })).toEqual([])
    expect(await anna.list('knowledge-articles', { id: articleId })).toEqual([])
  })

  it('refuse what is in that state already, has no text, or is not theirs to publish', async () => {
    const articleId = await article('Twice')
    expect(await admin.refused(k('publish_article'), { articleId })).toMatchObject({ status: 409 })
    await admin.run(k('archive_article'), { articleId })
    expect(await admin.refused(k('archive_article'), { articleId })).toMatchObject({ status: 409 })
    const { id } = await admin.create('knowledge-articles', { title: 'Empty' })
    expect(await admin.refused(k('publish_article'), { articleId: id })).toMatchObject({
      status: 409,
    })
    for (const action of ['publish_article', 'archive_article'])
      for (const who of [anna, viewer])
        expect(await who.refused(k(action), { articleId })).toMatchObject({ status: 403 })
    expect(
      await admin.call('PATCH', `/knowledge-articles/${id}`, { state: 'published' }),
    ).toMatchObject({ status: 422, body: { errors: [{ path: 'state', code: 'READ_ONLY' }] } })
  })
})

describe('search_knowledge', () => {
  it('ranks titles before texts, and keeps to what is asked for', async () => {
    await article('Other things', { body: 'The wombat sleeps.' })
    await article('Wombat care', { visibility: 'public' })
    expect(await titles(admin, { query: 'Wombat?' })).toEqual(['Wombat care', 'Other things'])
    expect(await titles(admin, { query: 'wombat', limit: 1 })).toHaveLength(1)
    expect(await titles(admin, { query: 'wombat', visibility: 'internal' })).toEqual([
      'Other things',
    ])
    const other = await crm.otherOrg()
    expect(await titles(other, { query: 'wombat' })).toEqual([])
  })

  it('refuses questions without words', async () => {
    for (const input of [{}, { query: '' }, { query: '?!' }, { query: 'x', limit: 0 }])
      expect(await admin.refused(k('search_knowledge'), input)).toMatchObject({ status: 422 })
  })
})

describe('suggest_articles', () => {
  it('finds what shares words with a ticket', async () => {
    await article('Numbat feeding')
    const made = await admin.run('crm.tickets:create_ticket', { subject: 'The numbat is hungry' })
    const { output } = await admin.run(k('suggest_articles'), { ticketId: made.output['ticketId'] })
    expect(output['articles']).toMatchObject([{ title: 'Numbat feeding' }])
    expect(
      (await admin.refused(k('suggest_articles'), { ticketId: crm.unknownId() })).errors,
    ).toMatchObject([{ path: 'input.ticketId', code: 'UNKNOWN_RECORD' }])
  })
})

describe('rate_article', () => {
  it('counts each person once, also one who changes their mind', async () => {
    const articleId = await article('Rated')
    const rate = async (who: Who, helpful: boolean) =>
      (await who.run(k('rate_article'), { articleId, helpful })).output
    expect(await rate(admin, true)).toMatchObject({ helpful: 1, notHelpful: 0 })
    expect(await rate(anna, true)).toMatchObject({ helpful: 2, notHelpful: 0 })
    expect(await rate(anna, false)).toMatchObject({ helpful: 1, notHelpful: 1 })
    const [mine] = await anna.list('article-feedback', { articleId, ownerId: '@me' })
    expect((await anna.call('DELETE', `/article-feedback/${mine!['id']}`)).status).toBe(204)
    expect(await admin.get('knowledge-articles', articleId)).toMatchObject({
      helpful: 1,
      notHelpful: 0,
    })
  })

  it('refuses those who only look, and articles that they may not read', async () => {
    const articleId = await article('Hidden', {}, false)
    const input = { articleId, helpful: true }
    expect(await viewer.refused(k('rate_article'), input)).toMatchObject({ status: 403 })
    expect((await anna.refused(k('rate_article'), input)).status).toBeGreaterThanOrEqual(404)
    expect(await admin.refused(k('rate_article'), { articleId })).toMatchObject({ status: 422 })
  })
})
