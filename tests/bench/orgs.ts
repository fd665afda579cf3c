import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { openHouse } from '../../kernel/main.ts'
import type { Model } from '../../kernel/model/model.ts'

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
    await house.revisions.edit(orgId, overrides(i, house.deployment.model), actor)
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

const overridden: readonly (readonly [entity: string, fields: readonly string[]])[] = [
  [
    'crm.leads:lead',
    ['name', 'email', 'phone', 'company', 'title', 'website', 'source', 'status', 'score', 'notes'],
  ],
  ['crm.accounts:account', ['name', 'website', 'industry', 'employees', 'country']],
  ['crm.contacts:contact', ['email', 'phone', 'title', 'firstName', 'lastName']],
]

/** Twenty leaves that an admin changes: the help of as many fields, in words of their own. */
function overrides(i: number, model: Model) {
  return overridden.flatMap(([ref, fields]) =>
    fields.map((field) => ({
      op: 'set' as const,
      target: `entities/${ref}`,
      path: ['fields', field, 'help'],
      from: model.entities.get(ref)?.definition.fields[field]?.help,
      value: `Help ${i} for ${field}`,
    })),
  )
}
