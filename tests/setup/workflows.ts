import { expect } from 'vitest'
import type { Caller } from './test-app.ts'

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
export type Json = any

const own = 'platform.workflows'

/** A step of the engine's own kinds, in short. */
export const step = (type: string, settings: object = {}, more: object = {}) => ({
  type: type.includes(':') ? type : `${own}:${type}`,
  settings,
  ...more,
})
export const trigger = (type: string, settings: object = {}, when?: object) => ({
  type: type.includes(':') ? type : `${own}:${type}`,
  settings,
  ...(when ? { when } : {}),
})

/** A run that failed says why. */
const shown = (run: Json, wanted: string): string =>
  run.status === 'failed' && wanted !== 'failed' ? `failed: ${run.error}` : run.status

/** An admin who makes workflows and looks at how they run. */
export function workflowsOf(org: Caller) {
  async function ask(method: string, url: string, body?: unknown): Promise<Json> {
    const answer = await org.call(method, url, body)
    if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.body}`)
    return answer.statusCode === 204 ? null : answer.json()
  }
  const published = new Map<string, object>()
  /** Publishes definitions under `workflows` as the organisation's own. */
  async function publish(workflows: Record<string, object | null>): Promise<void> {
    const ops = Object.entries(workflows).map(([key, value]) => ({
      ...(value ? { op: 'set', value } : { op: 'unset' }),
      path: ['workflows', key],
      ...(published.has(key) ? { from: published.get(key) } : {}),
    }))
    await ask('PATCH', '/studio/draft', { ops })
    const { hash } = await ask('POST', '/studio/plan')
    await ask('POST', '/studio/publish', { hash, message: 'Workflows' })
    for (const [key, value] of Object.entries(workflows)) {
      if (value) published.set(key, value)
      else published.delete(key)
    }
  }
  const runs = async (filter: object = {}): Promise<Json[]> =>
    (
      await ask(
        'GET',
        `/runs?limit=200&sort=startedAt&filter=${encodeURIComponent(JSON.stringify(filter))}`,
      )
    ).data
  const detail = (id: string): Promise<Json> => ask('GET', `/workflows/runs/${id}`)
  /** Waits until a run is what it is expected to be. */
  async function becomes(id: string, status: string): Promise<Json> {
    await expect
      .poll(async () => shown(await ask('GET', `/runs/${id}`), status), { timeout: 20_000 })
      .toBe(status)
      .catch(async (error: Error) => {
        const { steps } = await detail(id)
        error.message += `\n${steps.map((one: Json) => JSON.stringify([one.step, one.status, one.error])).join('\n')}`
        throw error
      })
    return detail(id)
  }
  /** The one run of a workflow, once it is there and so far. */
  async function only(workflow: string, status = 'done'): Promise<Json> {
    await expect
      .poll(async () => (await runs({ workflow })).map((run) => shown(run, status)), {
        timeout: 20_000,
      })
      .toEqual([status])
    const [run] = await runs({ workflow })
    return detail(run.id)
  }
  return { ask, publish, runs, detail, becomes, only }
}
