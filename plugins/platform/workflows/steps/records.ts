import { type FieldValues, type Filter, NotFoundError } from '@runwaycrm/sdk'
import { done, type StepCall, StepError, type StepExecutor, settingsOf } from './step-call.ts'

interface Target {
  readonly entity?: string
  /** Without one, the record of the run. */
  readonly id?: string | null
}

function targetOf(call: StepCall, { entity, id }: Target): { entity: string; id: string } {
  const { subject } = call.row
  if (entity === undefined || (entity === subject?.entity && !id)) {
    if (!subject) throw new StepError('REQUIRED', 'The run is about no record, and none is named.')
    return subject
  }
  if (!id) throw new StepError('REQUIRED', 'The step names no record.')
  return { entity, id }
}

export const createRecord: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    const { entity, values = {} } = settingsOf<{ entity?: string; values?: FieldValues }>(call)
    if (!entity) throw new StepError('REQUIRED', 'The step does not say what to create.')
    const record = await ctx.records.create(entity, values)
    return { ...done(record), input: { entity, values } }
  },
}

export const updateRecord: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    const settings = settingsOf<Target & { values?: FieldValues }>(call)
    const { entity, id } = targetOf(call, settings)
    const record = await ctx.records.update(entity, id, settings.values ?? {})
    return { ...done(record), input: { entity, id, values: settings.values ?? {} } }
  },
}

export const deleteRecord: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    const { entity, id } = targetOf(call, settingsOf<Target>(call))
    await ctx.records.delete(entity, id).catch((error: unknown) => {
      if (!(error instanceof NotFoundError)) throw error
    })
    return { ...done({ id }), input: { entity, id } }
  },
}

interface Find {
  readonly entity?: string
  readonly filter?: Filter
  readonly sort?: string
  readonly limit?: number
}

const most = 200

/** Records that meet a filter; the first of them, and how many there are. */
export const findRecords: StepExecutor = {
  where: 'memory',
  async run(call, ctx) {
    const { entity, filter = {}, sort, limit = 25 } = settingsOf<Find>(call)
    if (!entity) throw new StepError('REQUIRED', 'The step does not say what to look for.')
    const { data, page } = await ctx.records.list(entity, {
      filter,
      limit: Math.min(most, limit),
      count: 'exact',
      ...(sort ? { sort } : {}),
    })
    const output = { records: data, first: data[0] ?? null, count: page.count ?? data.length }
    return { ...done(output), input: { entity, filter, sort, limit } }
  },
}
