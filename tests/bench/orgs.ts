import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openHouse } from '../../kernel/main.ts'

/** What many organisations cost in memory, and how long the first answer takes after their model was dropped. */
export async function measureOrgs(options: {
  environment: NodeJS.ProcessEnv
  orgs: number
  say: (line: string) => void
}): Promise<void> {
  const { orgs, say } = options
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const opened = await openHouse(options.environment, { roles: { web: true, worker: false } })
  const { house } = opened
  const actor = { type: 'system', id: null, name: 'Bench' } as const
  const ids: { orgId: string; key: string }[] = []
  for (let i = 0; i < orgs; i++) {
    const { orgId } = await house.accounts.provision({
      orgName: `Org ${i}`,
      slug: `bench-${i}`,
      email: `admin${i}@bench.example`,
    })
    await house.revisions.edit(orgId, overrides(i), actor)
    const { hash } = await house.revisions.plan(orgId)
    await house.revisions.publish(orgId, { hash, message: 'Bench' }, actor)
    const { key } = await house.accounts.createKey(orgId, { name: 'Bench' })
    ids.push({ orgId, key })
  }
  for (const { orgId } of ids) house.orgStates.forget(orgId)
  settle(gc)
  const before = process.memoryUsage().heapUsed
  for (const one of ids) await ask(one.key)
  settle(gc)
  const each = (process.memoryUsage().heapUsed - before) / orgs
  say(
    `\n${orgs} organisations with 20 overrides each, models resident: ${(each / 1024).toFixed(1)} KB each (at most 100)`,
  )

  const times: number[] = []
  for (const { orgId, key } of ids.slice(0, 200)) {
    house.orgStates.forget(orgId)
    const began = performance.now()
    await ask(key)
    times.push(performance.now() - began)
  }
  times.sort((a, b) => a - b)
  say(
    `First answer after eviction: median ${times[100]?.toFixed(1)} ms, p99 ${times[197]?.toFixed(1)} ms (under 50)`,
  )
  await opened.close()

  async function ask(key: string): Promise<void> {
    const answer = await house.app!.inject({
      url: '/api/v1/leads?limit=1',
      headers: { authorization: `Bearer ${key}` },
    })
    if (answer.statusCode !== 200) throw new Error(answer.body)
  }
}

function settle(gc: () => void): void {
  for (let i = 0; i < 4; i++) gc()
}

/** Twenty leaves that an admin changes: labels, help, order, and the words of options. */
function overrides(i: number) {
  const fields = [
    'name',
    'email',
    'phone',
    'company',
    'title',
    'website',
    'source',
    'status',
    'score',
    'notes',
  ]
  const leaf = (target: string, path: string[], from: unknown, value: unknown) => ({
    op: 'set' as const,
    target,
    path,
    from,
    value,
  })
  return [
    ...fields.map((field) =>
      leaf(
        'entities/crm.leads:lead',
        ['fields', field, 'help'],
        undefined,
        `Help ${i} for ${field}`,
      ),
    ),
    ...['name', 'website', 'industry', 'employees', 'country'].map((field) =>
      leaf(
        'entities/crm.accounts:account',
        ['fields', field, 'help'],
        undefined,
        `Help ${i} for ${field}`,
      ),
    ),
    ...['email', 'phone', 'title', 'firstName', 'lastName'].map((field) =>
      leaf(
        'entities/crm.contacts:contact',
        ['fields', field, 'help'],
        undefined,
        `Help ${i} for ${field}`,
      ),
    ),
  ]
}
