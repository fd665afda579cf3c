import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { publishSpecimen, specimenFields } from './specimen.ts'

/** What the pictures show beside the sample data: an object with every field, workflows, forms, webhooks, a draft. */

// biome-ignore lint/suspicious/noExplicitAny: what comes is handed on, never computed with.
type Json = any
type Ask = <T = Json>(method: string, path: string, body?: unknown) => Promise<T>

const own = (kind: string): string => `platform.workflows:${kind}`

const workflows = {
  rank: {
    label: 'Rank new leads',
    description: 'Good ones are looked at the same day.',
    entity: 'crm.leads:lead',
    enabled: true,
    triggers: {
      created: { type: own('record-created'), settings: {} },
      hand: { type: own('manual'), settings: {} },
    },
    start: 'good',
    steps: {
      good: {
        type: own('condition'),
        label: 'Good enough?',
        settings: {
          when: {
            all: [
              { fact: 'record', path: 'score', operator: '$gte', value: 80 },
              {
                any: [
                  { fact: 'record', path: 'company', operator: '$contains', value: 'nord' },
                  { fact: 'record', path: 'source', operator: '$in', value: ['web', 'event'] },
                ],
              },
            ],
          },
          then: 'task',
          else: 'later',
        },
      },
      task: {
        type: own('create-record'),
        label: 'Make a task',
        settings: {
          entity: 'platform.tasks:task',
          values: { title: 'Call {{ record.name }} today' },
        },
        next: 'mail',
      },
      mail: {
        type: own('mail'),
        label: 'Tell sales',
        settings: { to: 'sales@example.test', subject: 'A good lead', text: '{{ record.name }}' },
        next: 'mark',
      },
      mark: {
        type: own('update-record'),
        label: 'Note where it came from',
        settings: { values: { email: '{{ record.company }}' } },
        next: 'end',
      },
      later: {
        type: own('wait'),
        label: 'Look again',
        settings: { for: 2, unit: 'days' },
        next: 'end',
      },
      end: { type: own('stop'), label: 'Done', settings: {} },
    },
  },
  sign: {
    label: 'Sign off large deals',
    entity: 'crm.opportunities:opportunity',
    enabled: true,
    triggers: { hand: { type: own('manual'), settings: {} } },
    start: 'ask',
    steps: {
      ask: {
        type: 'platform.approvals:approval',
        settings: {
          assignee: '{{ vars.who }}',
          title: 'Sign {{ record.name }}',
          text: 'The customer wants an answer today.',
          fields: ['name', 'value', 'stage'],
          approved: 'end',
          rejected: 'end',
        },
      },
      end: { type: own('stop'), settings: {} },
    },
  },
  survey: {
    label: 'Ask why it was lost',
    entity: 'crm.opportunities:opportunity',
    enabled: true,
    triggers: { hand: { type: own('manual'), settings: {} } },
    start: 'ask',
    steps: {
      ask: {
        type: 'platform.approvals:form',
        settings: {
          assignee: '{{ vars.who }}',
          title: 'About {{ record.name }}',
          fields: {
            reason: { label: 'Reason', type: 'text', required: true, order: 1 },
            size: {
              label: 'Size',
              type: 'select',
              options: { small: { label: 'Small' }, big: { label: 'Big' } },
              order: 2,
            },
            again: { label: 'May we ask again?', type: 'boolean', order: 3 },
          },
        },
      },
    },
  },
}

/** What the pages of the studio show as being worked on. */
const draftOfShots = [
  {
    op: 'set',
    path: ['fields', 'budget'],
    value: {
      entity: 'crm.opportunities:opportunity',
      field: {
        type: 'currency',
        label: 'Budget',
        help: 'What the customer has set aside, before tax',
        required: true,
        order: 15,
      },
    },
  },
  {
    op: 'set',
    path: ['fields', 'vesselClass'],
    value: {
      entity: 'crm.opportunities:opportunity',
      field: { type: 'multiSelect', label: 'Vessel class', order: 16, options: { ferry: {} } },
    },
  },
  { op: 'unset', path: ['entities', 'specimen', 'fields', 'query'], from: specimenFields.query },
  {
    op: 'set',
    path: ['roles', 'north'],
    value: {
      label: 'North',
      description: 'Sees the good leads of the north.',
      rules: {
        leads: {
          operations: ['read', 'update'],
          entity: 'crm.leads:lead',
          condition: { score: { $gte: 50 }, $or: [{ status: 'new' }, { ownerId: null }] },
        },
      },
    },
  },
]

const form = {
  name: 'Ask the harbour',
  entity: 'leads',
  active: true,
  assignTo: null,
  body: {
    title: 'Ask the harbour',
    intro: 'We answer within a day, also about berths for next season.',
    fields: {
      name: { order: 1, required: true },
      email: { order: 2, required: true, help: 'We write to this address only.' },
      company: { order: 3 },
      notes: { order: 4, label: 'What is it about?' },
      source: { preset: 'web' },
    },
    button: 'Send',
    consent: { text: 'You may call me about my question.', required: true },
    embeddedIn: ['https://www.halden.example'],
  },
}

/** Everything, unless an earlier look has left it there. */
export async function prepareShots(page: Page): Promise<void> {
  const ask: Ask = async (method, path, data) => {
    const answer = await page.request.fetch(`/api/v1${path}`, { method, data })
    if (!answer.ok()) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return answer.status() === 204 ? null : await answer.json()
  }
  const { entities } = await ask<{ entities: readonly { ref: string }[] }>('GET', '/model')
  if (entities.some(({ ref }) => ref === 't:specimen')) return
  const file = { name: 'offer.txt', mimeType: 'text/plain', buffer: Buffer.from('An offer.') }
  const stored = await page.request.post('/api/v1/files', { multipart: { file } })
  await publishSpecimen(ask, [(await stored.json()) as { id: string }])
  await makeRuns(ask)
  await makeForm(page, ask)
  await makeWebhooks(page, ask)
  await ask('PATCH', '/studio/draft', { ops: draftOfShots })
}

/** One that failed, one that waits, and two that ask. */
async function makeRuns(ask: Ask): Promise<void> {
  const ops = Object.entries(workflows).map(([key, value]) => ({
    ...{ op: 'set', path: ['workflows', key], value },
  }))
  await ask('PATCH', '/studio/draft', { ops })
  const { hash } = await ask('POST', '/studio/plan', {})
  await ask('POST', '/studio/publish', { hash, message: 'Workflows' })
  await ask('POST', '/leads', { name: 'Ada Moen', company: 'Nordvik Shipping', score: 91 })
  await ask('POST', '/leads', { name: 'Bo Falk', company: 'Falk & Sons', score: 12 })
  const { data: deals } = await ask('GET', '/opportunities?limit=2')
  const { data: users } = await ask(
    'GET',
    `/users?filter=${encodeURIComponent('{"email":"admin@demo.test"}')}`,
  )
  for (const [at, workflow] of ['sign', 'survey', 'sign'].entries())
    await ask('POST', `/workflows/t:${workflow}/run`, {
      records: { entity: 'opportunities', ids: [deals[at % 2].id] },
      input: { who: users[0].id },
    })
  const settled = async (): Promise<boolean> =>
    (await ask('GET', '/runs')).data.every(({ status }: Json) =>
      ['failed', 'waiting', 'done'].includes(status),
    )
  for (let tries = 0; tries < 100 && !(await settled()); tries++) await sleep(200)
}

async function makeForm(page: Page, ask: Ask): Promise<void> {
  await ask('PATCH', '/settings/platform.forms:guard', { fastestSeconds: 0 })
  await ask('POST', '/actions/platform.forms:save_form', { input: form })
  const { data } = await ask('GET', '/forms')
  await page.goto(new URL(data[0].url).pathname)
  await page.getByLabel('Name').fill('Finn Olsen')
  await page.getByLabel('Email').fill('finn@pier.example')
  await page.getByLabel('What is it about?').fill('A berth for 14 m')
  await page.getByLabel('You may call me').check()
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('heading', { name: 'Thank you' }).waitFor()
}

/** An endpoint, an inbound webhook, and something that came. */
async function makeWebhooks(page: Page, ask: Ask): Promise<void> {
  const act = async (key: string, input: object): Promise<Json> =>
    (await ask('POST', `/actions/integrations.webhooks:${key}`, { input })).output
  await act('create_endpoint', {
    name: 'Warehouse',
    url: 'https://warehouse.example/hooks/crm',
    events: ['record.created crm.leads:lead', 'record.updated crm.opportunities:opportunity'],
  })
  const shop = await act('create_inbound', {
    name: 'Shop orders',
    ...{ scheme: 'hmac-sha256', signatureHeader: 'x-shop-signature', prefix: 'sha256=' },
  })
  const body = JSON.stringify({ kind: 'order', total: 1250, customer: { name: 'Ada Moen' } })
  const signature = createHmac('sha256', shop.secret).update(body).digest('hex')
  const heard = await page.request.post(new URL(shop.address).pathname, {
    headers: { 'content-type': 'application/json', 'x-shop-signature': `sha256=${signature}` },
    data: body,
  })
  if (!heard.ok()) throw new Error(`The inbound webhook: ${await heard.text()}`)
}
