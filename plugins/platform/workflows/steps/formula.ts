import { InvalidError } from '@runwaycrm/sdk'
import { done, StepError, type StepExecutor } from './step-call.ts'

interface Settings {
  readonly formula?: string
  /** Under which it is kept besides. */
  readonly variable?: string
}

interface Formulas {
  evaluate(input: {
    readonly formula: string
    readonly values: Readonly<Record<string, unknown>>
    readonly entities: Readonly<Record<string, string | null>>
    readonly open: readonly string[]
  }): Promise<{ readonly value: unknown }>
}

/** As the schema of the step says for those who publish. */
const open = ['vars', 'steps', 'item', 'trigger', 'org', 'run'] as const

/** Works out a formula, in the language of computed fields, over what templates see. */
export const formula: StepExecutor = {
  where: 'memory',
  async run({ step, workflow, scope }, ctx) {
    // A formula is no template: its names are the places.
    const { formula: source = '', variable } = (step.settings ?? {}) as Settings
    const formulas = ctx.services.get<Formulas>('kernel.formulas', 1)
    const entities = { record: workflow.entity ?? null }
    try {
      const { value } = await formulas.evaluate({ formula: source, values: scope, entities, open })
      const vars = variable === undefined ? {} : { vars: { [variable]: value } }
      return { ...done(value, vars), input: { formula: source } }
    } catch (error) {
      if (!(error instanceof InvalidError)) throw error
      const reasons = error.errors?.map(({ message }) => message).join(' ')
      throw new StepError('BAD_FORMULA', reasons || error.message)
    }
  },
}
