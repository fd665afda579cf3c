import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Jobs that fill a change set: whatever becomes of them, it ends and can be taken back. */
interface Change {
  readonly state: string
  readonly parentId: string | null
  readonly counts: Record<string, number>
  readonly job?: {
    readonly matched: number
    readonly refused: number
    readonly refusals: readonly object[]
    readonly problem?: { readonly code: string; readonly detail: string }
  }
}

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app?.stop())

const change = async (by: Caller, id: string) =>
  (await by.call('GET', `/changes/${id}`)).json<Change>()

async function ended(by: Caller, id: string): Promise<Change> {
  await expect
    .poll(() => change(by, id), { timeout: 60_000 })
    .toMatchObject({ state: expect.not.stringMatching('open') })
  return change(by, id)
}

async function count(by: Caller): Promise<number> {
  const answer = await by.call('GET', '/leads?limit=1&count=exact')
  return answer.json<{ page: { count: number } }>().page.count
}

async function asAdmin(...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: app.database.adminUrl })
  await client.connect()
  try {
    for (const sql of statements) await client.query(sql)
  } finally {
    await client.end()
  }
}

describe('a change by filter whose job is dead', () => {
  it('ends with what was done, says why, and is taken back', async () => {
    const org = await app.createOrg()
    // The newest come first, so this one is met when two hundred are written.
    await org.call('POST', '/leads', { name: 'In the way' })
    const create = Array.from({ length: 220 }, (_, n) => ({ name: `Lead ${n}` }))
    expect((await org.call('POST', '/leads/bulk', { create })).statusCode).toBe(200)
    await asAdmin(
      `create function public.fail() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$`,
      `create trigger fail before update on tenant.crm_leads_lead for each row
        when (old.name = 'In the way') execute function public.fail()`,
      `create function public.once() returns trigger language plpgsql as $$ begin new.max_attempts := 1; return new; end $$`,
      `create trigger once before insert on tenant.job for each row execute function public.once()`,
    )
    const body = { filter: {}, update: { score: 7 } }
    const begun = await org.call('POST', '/leads/bulk', body)
    expect(begun.statusCode, begun.body).toBe(202)
    const { changeSetId } = begun.json<{ changeSetId: string }>()
    const { state, counts, job } = await ended(org, changeSetId)
    await asAdmin('drop function public.fail() cascade', 'drop function public.once() cascade')
    expect(state).toBe('done')
    expect(counts['updated']).toBe(200)
    expect(job).toMatchObject({ matched: 221, problem: { code: 'INTERNAL' } })
    expect(job!.problem!.detail).not.toContain('broken')
    const back = await org.call('POST', `/changes/${changeSetId}/revert`)
    expect(back.json()).toMatchObject({ reverted: 200, skipped: 0 })
  })

  it('ends as well when whoever asked for it is gone before it runs', async () => {
    const org = await app.createOrg()
    await org.call('POST', '/leads', { name: 'Ada' })
    const made = await org.call('POST', '/actions/platform.api-keys:create_key', {
      input: { name: 'Short' },
    })
    const { id, key } = made.json<{ output: { id: string; key: string } }>().output
    const late = `create function public.late() returns trigger language plpgsql as $$
      begin new.run_at := now() + interval '1 day'; return new; end $$`
    await asAdmin(
      late,
      `create trigger late before insert on tenant.job for each row execute function public.late()`,
    )
    const begun = await app.inject({
      method: 'POST',
      url: '/api/v1/leads/bulk',
      headers: { authorization: `Bearer ${key}` },
      payload: { filter: {}, update: { score: 7 } },
    })
    await asAdmin('drop function public.late() cascade')
    expect(begun.statusCode, begun.body).toBe(202)
    await org.call('POST', '/actions/platform.api-keys:revoke_key', { input: { id } })
    // Only now its time has come.
    await asAdmin(`update directory.ready_job set due = now() where org_id = '${org.orgId}'`)
    const { state, counts } = await ended(org, begun.json<{ changeSetId: string }>().changeSetId)
    expect([state, counts['updated']]).toEqual(['done', 0])
  })
})

describe('a change set of more than ten thousand records', () => {
  const records = 10_050

  it('is taken back by a job, once, and what changed since is named', {
    timeout: 120_000,
  }, async () => {
    const org = await app.createOrg()
    const { contexts, writer } = app.house
    const ctx = await contexts.system(org.orgId)
    const leads = ctx.model.entityByPlural.get('leads')!
    const open = await writer.openChangeSet(ctx, { door: 'import', workflows: 'skip' })
    for (let done = 0; done < records; done += 1_000) {
      const length = Math.min(1_000, records - done)
      const create = Array.from({ length }, (_, n) => ({ name: `Lead ${done + n}` }))
      await writer.bulk(open, leads, { create })
    }
    await writer.closeChangeSet(open)
    const { data } = (await org.call('GET', '/leads?limit=1')).json<{ data: { id: string }[] }>()
    const { id } = data[0]!
    await org.call('PATCH', `/leads/${id}`, { name: 'Mine' })

    const path = `/changes/${open.changeSet.id}/revert`
    const stopped = await org.call('POST', path, {})
    expect(stopped.statusCode, stopped.body).toBe(409)
    expect(stopped.json()).toMatchObject({ code: 'CHANGE_CONFLICT', conflicts: [{ id }] })

    const begun = await org.call('POST', path, { onConflict: 'skip' })
    expect(begun.statusCode, begun.body).toBe(202)
    const { changeSetId, jobId, matched } = begun.json<Record<string, string>>()
    expect([typeof jobId, matched]).toEqual(['string', records])
    const again = await org.call('POST', path, { onConflict: 'skip' })
    expect([again.statusCode, again.json<{ code: string }>().code]).toEqual([409, 'STATE_CONFLICT'])

    expect(await ended(org, changeSetId!)).toMatchObject({
      state: 'done',
      parentId: open.changeSet.id,
      counts: { deleted: records - 1 },
      job: {
        matched: records,
        refused: 1,
        refusals: [{ entity: 'leads', id, code: 'CHANGE_CONFLICT', field: 'name' }],
      },
    })
    expect(await change(org, open.changeSet.id)).toMatchObject({
      state: 'reverted',
      revertedBy: changeSetId,
    })
    expect(await count(org)).toBe(1)
  })
})
