import { fileURLToPath } from 'node:url'
import { createDatabase } from '../../kernel/database/postgres.ts'
import { uuidv7 } from '../../kernel/database/uuid.ts'
import { composeModel } from '../../kernel/model/compose-model.ts'
import { emptyDocument, layerOf } from '../../kernel/model/layer-document.ts'
import type { Model } from '../../kernel/model/model.ts'
import { createOrgStates, estimateBytes } from '../../kernel/model/model-cache.ts'
import { createOrgModels } from '../../kernel/model/org-models.ts'
import { createRevisions } from '../../kernel/model/revisions.ts'
import { loadPlugins } from '../../kernel/plugins/load-plugins.ts'

/**
 * Measures the heap of this process, which `model-memory.test.ts` starts with --expose-gc, and prints
 * one JSON object. With a database it publishes 100 times, without one it composes 1,000 organisations.
 */
const roots = [fileURLToPath(new URL('../../plugins/', import.meta.url))]
const { model: deployment } = await loadPlugins(roots)
const entities = [...deployment.entities.values()].filter(({ plugin }) => plugin !== 'kernel')
const { SERVER_URL: url, SECRET_KEY: secretKey } = process.env

console.log(
  JSON.stringify(url && secretKey ? await publish(url, secretKey) : await compose(1_000, 20)),
)

/** After collecting; finalizers run between two turns of the event loop. */
async function heap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return process.memoryUsage().heapUsed
}

/** Organisations of which each calls other fields of several entities in its own words. */
async function compose(orgs: number, overrides: number) {
  const documents = Array.from({ length: orgs }, (_, org) => ({
    ...emptyDocument,
    overrides: Array.from({ length: overrides }, (_, i) => {
      const entity = entities[(org + i) % entities.length]
      const fields = [...(entity?.fields.values() ?? [])].filter(
        ({ from }) => from === entity?.plugin,
      )
      const field = fields[Math.floor(i / entities.length) % fields.length]
      const from = field?.definition.label
      return {
        point: 'entities',
        target: entity?.ref ?? '',
        path: ['fields', field?.key ?? '', 'label'],
        ...(from !== undefined && { from }),
        to: `Word ${i} of ${org}`,
      }
    }),
  }))
  const texts = documents.map((document) => JSON.stringify(document))
  documents.length = 0
  composeModel([layerOf(JSON.parse(texts[0] ?? '{}'))], deployment)
  const before = await heap()
  const models: Model[] = []
  const start = process.cpuUsage().user
  for (const text of texts) models.push(composeModel([layerOf(JSON.parse(text))], deployment))
  // Time of the processor: others may be using the machine.
  const ms = (process.cpuUsage().user - start) / 1_000 / orgs
  const bytesPerOrg = Math.round(((await heap()) - before) / orgs)
  const problems = models.reduce((sum, model) => sum + model.problems.length, 0)
  const estimate = estimateBytes(models[1] as Model, deployment)
  return {
    bytesPerOrg,
    estimate,
    msPerOrg: Number(ms.toFixed(2)),
    problems,
    entities: entities.length,
  }
}

/** The heap after 20 publishes, when everything is warm, and after 100 more. */
async function publish(url: string, secretKey: string) {
  const db = createDatabase({ url, secretKey })
  const orgId = uuidv7()
  const actor = { type: 'system', id: null, name: 'Test' } as const
  await db.query(orgId, {
    text: 'insert into tenant.org_state (org_id, name, slug) values ($1, $2, $3)',
    values: [orgId, 'Acme', 'acme'],
  })
  const models = createOrgModels(deployment)
  const orgStates = createOrgStates({ db, models })
  const newStorageId = () => `f_${uuidv7()}`
  const revisions = createRevisions({ db, models, countWhere: async () => 0, newStorageId })
  let label = deployment.entities.get('kernel:team')?.definition.label
  async function once(n: number): Promise<void> {
    const value = `Team ${n}`
    const operation = {
      op: 'set',
      target: 'kernel:team',
      path: ['label'],
      from: label,
      value,
    } as const
    await revisions.edit(orgId, [operation], actor)
    const { hash } = await revisions.plan(orgId)
    await revisions.publish(orgId, { hash, message: value }, actor)
    await orgStates.get(orgId, n + 1)
    label = value
  }
  for (let n = 1; n <= 20; n++) await once(n)
  const before = await heap()
  for (let n = 21; n <= 120; n++) await once(n)
  const after = await heap()
  await db.close()
  return { before, after, growth: (after - before) / before }
}
