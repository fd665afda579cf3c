import type { ChildProcess } from 'node:child_process'
import { WebSocket } from 'ws'
import { openHouse } from '../../kernel/main.ts'
import { makeBenchOrg } from './bench-org.ts'

interface Product {
  readonly child: ChildProcess
  readonly port: number
}

const pages = 20
const publishes = 40

/** How long after the answer to a publish every open page, on two nodes, shows the new model. */
export async function measurePublish({
  environment,
  startProduct,
  stop,
  say,
}: {
  readonly environment: NodeJS.ProcessEnv
  startProduct(): Promise<Product>
  stop(child: ChildProcess): Promise<unknown>
  say(line?: string): void
}): Promise<void> {
  const opened = await openHouse(environment, { roles: { web: false, worker: false } })
  const { orgId } = await makeBenchOrg(opened.house, 'studio')
  const { key } = await opened.house.accounts.createKey(orgId, { name: 'Studio' })
  await opened.close()
  const nodes = [await startProduct(), await startProduct()]
  const headers = { authorization: `Bearer ${key}` }
  const call = async (node: Product, method: string, url: string, body?: object) => {
    const answer = await fetch(`http://127.0.0.1:${node.port}/api/v1${url}`, {
      method,
      headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as Record<string, unknown>
  }
  const open = await Promise.all(
    Array.from({ length: pages }, (_, i) => openPage(nodes[i % 2]!.port, headers)),
  )
  const told: number[] = []
  const shown: number[] = []
  for (let n = 0; n < publishes; n++) {
    const path = ['fields', 'budget', 'field', 'label']
    const value = { entity: 'crm.leads:lead', field: { type: 'number', label: 'Budget 0' } }
    const op =
      n === 0
        ? { op: 'set', path: path.slice(0, 2), value }
        : { op: 'set', path, from: `Budget ${n - 1}`, value: `Budget ${n}` }
    await call(nodes[0]!, 'PATCH', '/studio/draft', { ops: [op] })
    const { hash } = await call(nodes[0]!, 'POST', '/studio/plan')
    const began = performance.now()
    const { revision } = await call(nodes[0]!, 'POST', '/studio/publish', { hash, message: `${n}` })
    await Promise.all(
      open.map(async (page, i) => {
        await page.until(Number(revision))
        told.push(performance.now() - began)
        const model = await call(nodes[i % 2]!, 'GET', '/model')
        if (model['revision'] !== revision) throw new Error('A page was told before its node knew.')
        shown.push(performance.now() - began)
      }),
    )
  }
  for (const page of open) page.close()
  await Promise.all(nodes.map(({ child }) => stop(child)))
  const at = (times: number[], part: number) =>
    times.sort((a, b) => a - b)[Math.floor((times.length - 1) * part)]!.toFixed(0)
  say(
    `\n${publishes} publishes, ${pages} open pages on 2 nodes, from the call: pages told p50 ${at(told, 0.5)} ms, p95 ${at(told, 0.95)} ms; ` +
      `with the new model in hand p50 ${at(shown, 0.5)} ms, p95 ${at(shown, 0.95)} ms (aim: under 1,000), longest ${at(shown, 1)} ms`,
  )
}

async function openPage(port: number, headers: Record<string, string>) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/live`, { headers })
  let latest = 0
  const waiting = new Set<() => void>()
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string; revision?: number }
    if (message.type !== 'model') return
    latest = Math.max(latest, message.revision ?? 0)
    for (const wake of waiting) wake()
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'subscribe', id: '1', topics: [{ entity: 'leads' }] }))
  return {
    async until(revision: number): Promise<void> {
      while (latest < revision) {
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
        })
      }
    },
    close: () => socket.close(),
  }
}
