import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/**
 * What people keep for themselves, share with everybody or share with some roles: saved views, and the records of
 * an object that its organisation made so. Every door shows each of them to the same people.
 */
let app: TestApp
let address: string
const sockets: WebSocket[] = []
const people: Record<string, Caller> = {}

beforeAll(async () => {
  app = await startApp()
  address = await app.listen()
  const ann = await app.signUp({ orgName: 'Acme' })
  people['admin'] = ann
  people['owner'] = await joinOrg(app, ann, 'editor')
  people['editor'] = await joinOrg(app, ann, 'editor')
  people['rep'] = await joinOrg(app, ann, 'rep')
  people['viewer'] = await joinOrg(app, ann, 'viewer')
  people['key'] = await app.createKey(ann.orgId, { role: 'rep' })
  const memo = {
    ...{ label: 'Memo', labelPlural: 'Memos', plural: 'memos', titleField: 'name' },
    audience: { shared: 'open', roles: 'readers' },
    fields: {
      name: { type: 'text', required: true },
      open: { type: 'boolean', default: false },
      readers: { type: 'tags' },
    },
  }
  await ask(ann, 'PATCH', '/studio/draft', {
    ops: [{ op: 'set', path: ['entities', 'memo'], value: memo }],
  })
  const { hash } = await ask(ann, 'POST', '/studio/plan', {})
  await ask(ann, 'POST', '/studio/publish', { hash, message: 'Memos' })
})
afterAll(async () => {
  for (const socket of sockets) socket.terminate()
  await app?.stop()
})

// biome-ignore lint/suspicious/noExplicitAny: answers are read as they come.
type Json = Record<string, any>
async function ask(by: Caller, method: string, url: string, body?: unknown): Promise<Json> {
  const answer = await by.call(method, url, body)
  expect(answer.statusCode, `${method} ${url}: ${answer.body}`).toBeLessThan(300)
  return answer.body === '' ? {} : answer.json()
}
async function until(isTrue: () => unknown | Promise<unknown>): Promise<void> {
  for (let n = 0; n < 4_000; n++) {
    if (await isTrue()) return
    await sleep(10)
  }
  throw new Error('It did not happen in time.')
}

const own = 'Zebra own'
const forAll = 'Zebra for all'
const forSome = 'Zebra for some'

interface Kind {
  readonly plural: string
  readonly isSearched: boolean
  /** Whom one of the three is shared with, and with whom instead in the end. */
  readonly role: string
  readonly other: string
  readonly seen: Readonly<Record<string, readonly string[]>>
  values(name: string, shared: boolean, roles: readonly string[] | null): object
}
const kinds: readonly Kind[] = [
  {
    plural: 'saved-views',
    isSearched: false,
    role: 'platform.people:rep',
    other: 'platform.people:viewer',
    seen: {
      admin: [own, forAll, forSome],
      owner: [own, forAll, forSome],
      editor: [forAll],
      rep: [forAll, forSome],
      key: [forAll, forSome],
      viewer: [forAll],
    },
    values: (name, shared, roles) => ({
      ...{ name, shared, roles, entityRef: 'crm.leads:lead' },
      body: { kind: 'table', columns: ['name'] },
    }),
  },
  {
    plural: 'memos',
    isSearched: true,
    role: 'platform.people:viewer',
    other: 'platform.people:editor',
    // To be shared with adds nothing to a role: reps read what is theirs or their teams'.
    seen: {
      admin: [own, forAll, forSome],
      owner: [own, forAll, forSome],
      editor: [forAll],
      rep: [],
      key: [],
      viewer: [forAll, forSome],
    },
    values: (name, open, readers) => ({ name, open, readers }),
  },
]

describe.each(kinds)('what is shared in part, of $plural', (kind) => {
  const { plural, values, isSearched, role, other, seen } = kind
  const ids = new Map<string, string>()
  const changes = new Map<string, string>()
  const nameOf = (id: unknown): string => [...ids].find(([, one]) => one === id)?.[0] ?? '?'

  beforeAll(async () => {
    for (const [name, shared, roles] of [
      [own, false, null],
      [forAll, true, plural === 'saved-views' ? [] : null],
      [forSome, true, [role]],
    ] as const) {
      const { id } = await ask(people['owner']!, 'POST', `/${plural}`, values(name, shared, roles))
      ids.set(name, id)
      const { data } = await ask(people['owner']!, 'GET', `/${plural}/${id}/history`)
      changes.set(name, data[0].changeId)
    }
  })

  const open = async (by: Caller, path: (name: string) => string): Promise<string[]> => {
    const found: string[] = []
    for (const name of ids.keys()) {
      const { statusCode } = await by.call('GET', path(name))
      expect([200, 404]).toContain(statusCode)
      if (statusCode === 200) found.push(name)
    }
    return found
  }

  it.each(Object.entries(seen))('is seen by the %s alike at every door', async (who, wanted) => {
    const by = people[who]!
    const list = await ask(by, 'GET', `/${plural}?count=exact&sort=name`)
    const named = await ask(
      by,
      'GET',
      `/${plural}?filter=${encodeURIComponent('{"name":{"$startsWith":"zebra"}}')}`,
    )
    const groups = await ask(by, 'POST', `/${plural}/aggregate`, {
      groupBy: [{ field: 'name' }],
      measures: { n: { count: '*' } },
    })
    const found = await ask(by, 'GET', `/search?q=zebra`)
    const doors = {
      list: list['data'].map((one: Json) => one['name']),
      counted: list['page'].count,
      filtered: named['data'].map((one: Json) => one['name']).sort(),
      grouped: groups['data'].map((one: Json) => one['name']).sort(),
      searched: found['data'].map((one: Json) => nameOf(one['id'])).sort(),
      got: await open(by, (name) => `/${plural}/${ids.get(name)}`),
      history: await open(by, (name) => `/${plural}/${ids.get(name)}/history`),
      timeline: await open(by, (name) => `/${plural}/${ids.get(name)}/timeline`),
      changes: await open(by, (name) => `/changes/${changes.get(name)}`),
    }
    const sorted = [...wanted].sort()
    const single = ['got', 'history', 'timeline', 'changes'].map((door) => [door, wanted])
    expect(doors).toEqual({
      ...{ list: sorted, counted: wanted.length, filtered: sorted, grouped: sorted },
      searched: isSearched ? sorted : [],
      ...Object.fromEntries(single),
    })
  })

  it('is exported only as far as it is read', async () => {
    for (const who of ['admin', 'editor']) {
      const by = people[who]!
      const { id } = await ask(by, 'POST', '/exports', {
        ...{ entity: plural, format: 'json', columns: ['name'] },
      })
      let run: Json = {}
      await until(async () => {
        run = await ask(by, 'GET', `/exports/${id}`)
        return run['status'] === 'done'
      })
      const { body } = await by.call('GET', run['url'].replace('/api/v1', ''))
      const names = [...ids.keys()].filter((name) => body.includes(name))
      expect([who, names]).toEqual([who, seen[who]])
    }
  })

  it('is not there to be changed either, one by one or by a filter', async () => {
    const editor = people['editor']!
    const at = `/${plural}/${ids.get(forSome)}`
    for (const [method, url, body] of [
      ['PATCH', at, { name: 'Mine now' }],
      ['DELETE', at],
      ['POST', `/${plural}/bulk`, { update: [{ id: ids.get(own), name: 'Mine now' }] }],
    ] as const) {
      const answer = await editor.call(method, url, body)
      expect([method, answer.statusCode]).toEqual([method, 404])
    }
    const { matched } = await ask(editor, 'POST', `/${plural}/bulk`, {
      filter: { id: { $in: [ids.get(own), ids.get(forSome)] } },
      delete: true,
    })
    expect(matched).toBe(0)
    expect((await ask(people['owner']!, 'GET', at))['name']).toBe(forSome)
  })

  it('is told to open pages of those who see it, and of those who no longer do', async () => {
    const heard: Record<string, string[]> = {}
    for (const who of ['owner', 'editor', 'rep', 'viewer']) {
      heard[who] = []
      const { headers } = people[who]!
      const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live`, { headers })
      sockets.push(socket)
      let isReady = false
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as Json
        isReady ||= message['type'] === 'subscribed'
        if (message['type'] === 'event')
          heard[who]!.push(`${message['event'].slice(7)} ${nameOf(message['id'])}`)
      })
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', topics: [{ entity: plural }] }))
      await until(() => isReady)
    }
    const owner = people['owner']!
    const change = (name: string, shared: boolean, roles: readonly string[] | null) =>
      ask(owner, 'PATCH', `/${plural}/${ids.get(name)}`, values(name, shared, roles))
    await change(own, false, [role])
    await change(forSome, true, [other])
    // Of a record that is gone by the time that they are told, open pages hear that only.
    await until(() => heard['owner']!.length === 2)
    await ask(owner, 'DELETE', `/${plural}/${ids.get(own)}`)
    await change(forAll, true, [role, other])
    const isSeer = (who: string) => seen[who]!.includes(forAll)
    const isTold = (who: string) => heard[who]!.at(-1)?.endsWith(forAll)
    await until(() => Object.keys(heard).every((who) => !isSeer(who) || isTold(who)))
    await change(forAll, true, null)
    const both = [`updated ${forAll}`, `updated ${forAll}`]
    const lostAndFound = [`removed ${forAll}`, `updated ${forAll}`]
    const isReader = (who: string) => [role, other].some((name) => name.endsWith(`:${who}`))
    const had = Object.keys(heard).find((who) => who !== 'owner' && seen[who]!.includes(forSome))!
    const has = other.split(':')[1]!
    const toHear = Object.keys(heard).map((who) => {
      if (!isSeer(who)) return [who, []] as const
      return [who, isReader(who) ? both : lostAndFound] as const
    })
    await expect
      .poll(() => heard)
      .toEqual({
        ...Object.fromEntries(toHear),
        owner: [`updated ${own}`, `updated ${forSome}`, `deleted ${own}`, ...both],
        [had]: [`removed ${forSome}`, ...both],
        [has]: [`updated ${forSome}`, ...both],
      })
    const all = await Promise.all(
      Object.keys(heard).map(async (who) => {
        const there = await ask(people[who]!, 'GET', `/${plural}?sort=name`)
        const gone = await ask(people[who]!, 'GET', `/${plural}?deleted=only`)
        const names = (answer: Json) => answer['data'].map((one: Json) => one['name'])
        return [who, names(there), names(gone)]
      }),
    )
    expect(all).toEqual(
      Object.keys(heard).map((who) => {
        const isOwner = who === 'owner'
        const there = !isSeer(who) ? [] : isOwner || who === has ? [forAll, forSome] : [forAll]
        return [who, there, isOwner ? [own] : []]
      }),
    )
  })
})
