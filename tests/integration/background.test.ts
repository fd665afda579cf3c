import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app?.stop())

async function until<T>(ask: () => Promise<T | undefined>, ms = 40_000): Promise<T> {
  const end = performance.now() + ms
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await sleep(50)
  }
}

describe('work in the background', () => {
  it('runs the schedules of a plugin as that plugin, each tick once', async () => {
    const { orgId } = await app.createOrg()
    const { db } = app.house
    const [ref, schedule] = [...app.house.deployment.model.schedules][0]!
    const job = schedule.definition.job.split(':')[1]
    const lastTick = new Date(Date.now() - 60_000).toISOString()
    // Its next tick is hours away: let it be a minute ago.
    await until(async () => {
      const { rows } = await db.query<{ ok: boolean }>(orgId, {
        text: `select kernel.set_schedules(null,
            jsonb_build_array(jsonb_build_object('ref', $1::text, 'cron', $4::text, 'zone', 'UTC', 'due', $2::text))),
          exists (select from kernel.due_schedules(100) where org_id = $3 and ref = $1) as ok`,
        values: [ref, lastTick, orgId, schedule.definition.cron],
      })
      return rows[0]?.ok || undefined
    })
    const done = await until(async () => {
      const { rows } = await db.query<Record<string, unknown>>(orgId, {
        text: `select * from tenant.job where org_id = $1 and job = $2 and finished_at is not null
          and payload ->> 'tick' = $3`,
        values: [orgId, job, lastTick],
      })
      return rows.length > 0 ? rows : undefined
    })
    expect(done).toMatchObject([
      {
        state: 'done',
        error: null,
        attempts: 1,
        plugin: schedule.plugin,
        run_as: { type: 'plugin', id: schedule.plugin },
        payload: { schedule: ref, tick: lastTick },
      },
    ])
  })

  it('does nothing for somebody who is gone by the time it runs', async () => {
    const { orgId } = await app.createOrg()
    const runAs = { type: 'user', id: 'x', userId: crypto.randomUUID(), name: 'Gone' } as const
    const [id] = await app.house.queue.enqueue(orgId, [
      { plugin: 'platform.imports', job: 'process', payload: { id: 'x' }, runAs },
    ])
    const ended = await until(async () => {
      const job = await app.house.queue.find(orgId, id!)
      return job?.state === 'dead' ? job : undefined
    })
    expect(ended.error).toContain('Gone')
  })
})
