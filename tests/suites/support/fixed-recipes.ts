import { setTimeout as sleep } from 'node:timers/promises'
import type { RouteDeclaration } from '../../../kernel/http/route.ts'
import { accountRecipes } from './account-recipes.ts'
import { approvalRecipes } from './approval-recipes.ts'
import { type Answer, type Exchange, send } from './exchange.ts'
import { hookRecipes } from './hook-recipes.ts'
import { succeed } from './own-layer.ts'
import { packageRecipes } from './package-recipes.ts'
import { asKey, plain, type Recipe, type RouteParts } from './recipe.ts'
import { counterText } from './sample-values.ts'
import { workflowRecipes } from './workflow-recipes.ts'
import type { World } from './world.ts'

/** Every route that is not one per entity or per action, by method and declared path. */
const fixedRecipes: Readonly<Record<string, readonly RouteParts[]>> = {
  ...probes(),
  ...accountRecipes(),
  ...changes(),
  ...studio(),
  ...packageRecipes(),
  ...imports(),
  ...exports(),
  ...jobs(),
  ...files(),
  ...approvalRecipes(),
  ...workflowRecipes(),
  ...hookRecipes(),
  'GET /search': [
    {
      status: 200,
      // A word that everybody's texts have, which finds what the caller may see.
      build: () => ({ query: { q: 'canary' } }),
    },
  ],
  'GET /actions': [{ status: 200, build: plain }],
  'GET /forms': [{ status: 200, build: plain }],
  'GET /mail/messages': [{ status: 200, build: plain }],
  'GET /mail/messages/:id': [
    { status: 200, build: async (world) => ({ path: `/mail/messages/${await mailId(world)}` }) },
  ],
  // What it says over a WebSocket is another test of the suite.
  'GET /live': [{ status: 404, build: plain }],
}

function probes(): Record<string, RouteParts[]> {
  const open = (path: string, status = 200): RouteParts[] => [
    { status, build: () => ({ path, headers: {} }) },
  ]
  return {
    'GET (root) /livez': open('/livez'),
    'GET (root) /readyz': open('/readyz'),
    'GET (root) /errors/:code': open('/errors/NOT_FOUND'),
    'GET /errors/:code': open('/errors/NOT_FOUND'),
    'GET (root) /docs': open('/docs', 303),
    'GET /docs': open('/docs'),
    'GET /docs/:file': open('/docs/start.js'),
    'GET /branding': open('/branding'),
    'GET /forms/unsubscribe/:token': open('/forms/unsubscribe/nothing', 404),
    'POST /forms/unsubscribe/:token': open('/forms/unsubscribe/nothing', 404),
    'GET /forms/at/:token': open('/forms/at/nothing', 404),
    'GET /forms/send/:token': open('/forms/send/nothing', 404),
    'POST /forms/send/:token': open('/forms/send/nothing', 404),
    'GET /forms/frame.js': open('/forms/frame.js'),
    'GET /approvals/decide/:token': open('/approvals/decide/nothing', 404),
    'POST /approvals/decide/:token': open('/approvals/decide/nothing', 404),
    'GET /me/notifications/unsubscribe/:token': open('/me/notifications/unsubscribe/nothing', 404),
    'POST /me/notifications/unsubscribe/:token': open('/me/notifications/unsubscribe/nothing', 404),
    'GET /openapi.json': [{ status: 200, build: plain }],
  }
}

function changes(): Record<string, RouteParts[]> {
  const changeId = async (world: World): Promise<string> => {
    const entity = (await world.model()).entities.get('crm.leads:lead')!
    const id = await world.makeRecord(entity)
    const body = { notes: `${world.source.token} ${counterText(world.source.count())}` }
    await succeed(world.key.call('PATCH', `/leads/${id}`, body))
    const { data } = await succeed<{ data: { changeId: string }[] }>(
      world.key.call('GET', `/leads/${id}/history?limit=1`),
    )
    return data[0]!.changeId
  }
  return {
    'GET /changes': [
      { status: 200, build: () => ({ query: { limit: '5' } }) },
      {
        status: 200,
        async build(world) {
          const place = JSON.stringify([await changeId(world)])
          return { query: { limit: '3', cursor: Buffer.from(place).toString('base64url') } }
        },
        // Change sets are sorted by id, and so a place in them is one in everybody's.
        swaps: { 'query.cursor': (theirs) => theirs },
      },
    ],
    'GET /changes/:id': [
      {
        status: 200,
        build: async (world) => ({ path: `/changes/${await changeId(world)}` }),
      },
    ],
    'POST /changes/:id/revert': [true, false].map((dryRun) => ({
      status: 200,
      build: async (world: World) => ({
        path: `/changes/${await changeId(world)}/revert`,
        body: { dryRun, onConflict: 'stop' },
      }),
    })),
  }
}

function studio(): Record<string, RouteParts[]> {
  const note = (world: World) => ({
    ops: [
      {
        op: 'set',
        path: ['fields', `note${world.source.count()}`],
        value: {
          entity: 'crm.accounts:account',
          field: { type: 'text', label: `Note ${world.source.token}` },
        },
      },
    ],
  })
  const planned = async (world: World) => {
    await succeed(world.key.call('PATCH', '/studio/draft', note(world)))
    return succeed<{ hash: string }>(world.key.call('POST', '/studio/plan'))
  }
  const named = { entity: 'leads', action: 'read', field: 'name' }
  return {
    'GET /model': [
      { status: 200, build: plain },
      {
        status: 200,
        build: (world) => ({ headers: { ...asKey(world), 'x-runway-revision': 'draft' } }),
      },
    ],
    'GET /studio/functions': [{ status: 200, build: plain }],
    'POST /studio/formula': [
      {
        status: 200,
        build: (world) => ({
          body: {
            entity: 'leads',
            formula: 'name & " " & company',
            recordId: world.kept.get('crm.leads:lead')!,
          },
        }),
      },
      { status: 200, build: () => ({ body: { entity: 't:property', formula: 'lead.name' } }) },
    ],
    'GET /access/explain': [
      {
        status: 200,
        build: (world) => ({ query: { ...named, id: world.kept.get('crm.leads:lead')! } }),
      },
      { status: 200, build: (world) => ({ query: { ...named, userId: world.userId } }) },
    ],
    'GET /me/mentions': [
      {
        status: 200,
        build: (world) => ({
          query: {
            entity: 'leads',
            id: world.kept.get('crm.leads:lead')!,
            userId: world.userId,
          },
        }),
      },
    ],
    'GET /studio/points': [{ status: 200, build: plain }],
    'GET /studio/contributions': [
      { status: 200, build: () => ({ query: { point: 'fields', q: 'note' } }) },
    ],
    'GET /studio/contributions/:point/:ref': [
      {
        status: 200,
        build: () => ({ path: '/studio/contributions/entities/crm.accounts:account' }),
      },
    ],
    'GET /studio/schemas': [
      {
        status: 200,
        build: () => ({ query: { of: 'actions/crm.leads:score_lead/input' } }),
      },
    ],
    'GET /studio/impact': [
      {
        status: 200,
        build: () => ({ query: { point: 'entities', ref: 'crm.leads:lead', field: 'score' } }),
      },
    ],
    'POST /studio/access-diff': [{ status: 200, build: plain }],
    'GET /studio/archive': [{ status: 200, build: plain }],
    // What a suite publishes it never takes away again.
    'POST /studio/archive/restore': [
      { status: 404, build: () => ({ body: { path: 'fields/nothing', revision: 1 } }) },
    ],
    'POST /studio/archive/purge': [
      {
        status: 404,
        build: () => ({
          body: { path: 'fields/nothing', storageId: 'f_nothing', confirm: 'nothing' },
        }),
      },
    ],
    'GET /studio/archive/files/:id': [
      {
        status: 404,
        build: () => ({
          path: '/studio/archive/files/018f0000-0000-7000-8000-000000000000.ndjson',
        }),
      },
    ],
    'GET /studio/changes': [{ status: 200, build: plain }],
    'GET /studio/revisions/:n': [{ status: 200, build: () => ({ path: '/studio/revisions/1' }) }],
    'GET /studio/draft': [{ status: 200, build: plain }],
    'PATCH /studio/draft': [{ status: 200, build: (world) => ({ body: note(world) }) }],
    'DELETE /studio/draft': [{ status: 204, build: plain }],
    'POST /studio/plan': [{ status: 200, build: plain }],
    'POST /studio/publish': [
      {
        status: 201,
        swaps: { 'body.hash': () => 'f'.repeat(64) },
        async build(world) {
          const { hash } = await planned(world)
          return { body: { hash, message: world.source.token } }
        },
      },
    ],
    'POST /studio/rollback': [{ status: 201, build: () => ({ body: { revision: 1 } }) }],
    'GET /studio/revisions': [{ status: 200, build: plain }],
    'POST /studio/export': [{ status: 200, build: () => ({ body: {} }) }],
    'POST /studio/export/parts': [{ status: 200, build: () => ({ body: {} }) }],
    'GET /branding/shades': [{ status: 200, build: () => ({ query: { color: '#2f6fed' } }) }],
    'GET /branding/terms': [{ status: 200, build: plain }],
    'GET /settings': [{ status: 200, build: plain }],
    'PATCH /settings/org': [
      { status: 200, build: (world) => ({ body: { name: `Org ${world.source.token}` } }) },
    ],
    'PATCH /settings/:ref': [
      {
        status: 200,
        build: () => ({ path: '/settings/crm.leads:leads', body: {} }),
      },
    ],
    'GET /plugins': [{ status: 200, build: plain }],
    'PATCH /plugins/:id': [
      {
        status: 409,
        build: () => ({ path: '/plugins/crm.campaigns', body: { state: 'enabled' } }),
      },
    ],
  }
}

/** A GIF of one pixel, in ASCII. */
const onePixel = 'GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;'

function files(): Record<string, RouteParts[]> {
  const upload = (
    world: World,
    file = `${world.source.token} is written in this file`,
  ): Exchange => ({
    method: 'POST',
    path: '/api/v1/files',
    headers: asKey(world),
    form: { spec: {}, file },
  })
  return {
    'POST /files': [{ status: 201, anew: true, build: upload }],
    'GET /files/:id/content': [
      {
        status: 200,
        async build(world) {
          const { body } = await send(world.app, upload(world))
          return { path: `/files/${(JSON.parse(body) as { id: string }).id}/content` }
        },
      },
    ],
    'GET /files/:id/thumbnail': [
      {
        status: 200,
        async build(world) {
          const { body } = await send(world.app, upload(world, onePixel))
          return { path: `/files/${(JSON.parse(body) as { id: string }).id}/thumbnail` }
        },
      },
    ],
  }
}

function imports(): Record<string, RouteParts[]> {
  const upload = (world: World, dryRun: boolean): Exchange => {
    const { token } = world.source
    const row = `${token} ${counterText(world.source.count())}`
    const target = world.kept.get('crm.campaigns:campaign')
    return {
      method: 'POST',
      path: '/api/v1/imports',
      headers: asKey(world),
      form: {
        spec: {
          entity: 'leads',
          columns: { Name: 'name', Score: 'score', Campaign: 'campaignId', Owner: 'ownerId' },
          key: [],
          dryRun,
        },
        file: `Name,Score,Campaign,Owner\n${row},7,${target},${world.userId}\n${row},many,,\n`,
      },
    }
  }
  const begun = async (world: World, dryRun: boolean): Promise<string> => {
    const answer = await send(world.app, upload(world, dryRun))
    if (answer.status !== 202) throw new Error(`An import answered ${answer.body}`)
    return (JSON.parse(answer.body) as { id: string }).id
  }
  const ended = async (world: World, dryRun: boolean): Promise<string> => {
    const id = await begun(world, dryRun)
    await endOf(world, id)
    return id
  }
  const at = (below: string, dryRun: boolean, more: Partial<Exchange> = {}) =>
    async function build(world: World) {
      return { path: `/imports/${await ended(world, dryRun)}${below}`, ...more }
    }
  return {
    'GET /imports': [{ status: 200, build: plain }],
    'POST /imports': [
      { status: 202, anew: true, build: (world) => upload(world, false), follow: wholeImport },
    ],
    'GET /imports/:id': [{ status: 200, build: at('', true) }],
    'GET /imports/:id/errors': [{ status: 200, build: at('/errors', false) }],
    'POST /imports/:id/start': [{ status: 202, build: at('/start', true, { body: {} }) }],
    'POST /imports/:id/cancel': [{ status: 200, build: at('/cancel', true, { body: {} }) }],
  }
}

function exports(): Record<string, RouteParts[]> {
  const wanted = (world: World): Partial<Exchange> => ({
    body: {
      entity: 'leads',
      format: 'csv',
      columns: ['id', 'name', 'ownerId'],
      filter: { ownerId: world.userId },
    },
  })
  const ended = async (world: World): Promise<string> => {
    const { body } = wanted(world)
    const { id } = await succeed<{ id: string }>(world.key.call('POST', '/exports', body))
    await endOf(world, id, 'exports')
    return id
  }
  const at = (below: string) =>
    async function build(world: World) {
      return { path: `/exports/${await ended(world)}${below}` }
    }
  return {
    'GET /exports': [{ status: 200, build: plain }],
    'POST /exports': [{ status: 202, build: wanted, follow: wholeExport }],
    'GET /exports/:id': [{ status: 200, build: at('') }],
    'GET /exports/:id/content': [{ status: 200, build: at('/content') }],
    // One that is done cannot be stopped, by nobody.
    'POST /exports/:id/cancel': [
      {
        status: 409,
        build: async (world) => ({ path: `/exports/${await ended(world)}/cancel`, body: {} }),
      },
    ],
  }
}

function jobs(): Record<string, RouteParts[]> {
  return {
    'GET /jobs': [{ status: 200, build: plain }],
    // One of a plugin is stopped where it was begun, whoever asks here.
    'POST /jobs/:id/cancel': [
      {
        status: 409,
        build: async (world) => {
          const body = { entity: 'leads', format: 'csv', columns: ['id'] }
          const { id } = await succeed<{ id: string }>(world.key.call('POST', '/exports', body))
          const { data } = await succeed<{ data: { id: string; about: string | null }[] }>(
            world.key.call('GET', '/jobs'),
          )
          const job = data.find(({ about }) => about === id)!
          return { path: `/jobs/${job.id}/cancel`, body: {} }
        },
      },
    ],
  }
}

/** How an export went, with what stands in the file. */
async function wholeExport(world: World, answer: Answer): Promise<string> {
  if (answer.status !== 202) return ''
  const body = await endOf(world, (JSON.parse(answer.body) as { id: string }).id, 'exports')
  const { url } = JSON.parse(body) as { url?: string }
  return url ? body + (await world.key.call('GET', url)).body : body
}

async function endOf(world: World, id: string, kind = 'imports'): Promise<string> {
  for (let i = 0; i < 1_600; i++) {
    const { body } = await world.key.call('GET', `/${kind}/${id}`)
    if (!['reading', 'running'].includes((JSON.parse(body) as { status: string }).status))
      return body
    await sleep(25)
  }
  throw new Error(`One of the ${kind} does not end.`)
}

/** How an import went, with the rows that failed. */
async function wholeImport(world: World, answer: Answer): Promise<string> {
  if (answer.status !== 202) return ''
  const body = await endOf(world, (JSON.parse(answer.body) as { id: string }).id)
  const { errorsUrl } = JSON.parse(body) as { errorsUrl?: string }
  return errorsUrl ? body + (await world.key.call('GET', errorsUrl)).body : body
}

/** A mail that was kept, which an invitation leaves behind. */
async function mailId(world: World): Promise<string> {
  for (let i = 0; i < 2_400; i++) {
    const { data } = await succeed<{ data: { id: string }[] }>(
      world.key.call('GET', '/mail/messages'),
    )
    if (data[0]) return data[0].id
    if (i === 0) {
      const email = `${world.source.token}.mail@example.test`
      await succeed(world.key.call('POST', '/invitations', { email }))
    }
    await sleep(25)
  }
  throw new Error('No mail arrived.')
}

/** The recipes of a route that stands for itself; none when nobody wrote one. */
export function routeRecipes(route: RouteDeclaration): Recipe[] {
  const name = `${route.method} ${route.root ? '(root) ' : ''}${route.path}`
  return (fixedRecipes[name] ?? []).map((parts) => ({
    ...parts,
    name,
    route,
    async build(world) {
      const made = await parts.build(world)
      const path = made.path ?? route.path
      const prefix = route.root || path.startsWith('/api/') ? '' : '/api/v1'
      return { method: route.method, headers: asKey(world), ...made, path: prefix + path }
    },
  }))
}
