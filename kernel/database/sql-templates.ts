import type { Statement } from './postgres.ts'

/** SQL that stays the same while its values change. */
interface Template {
  readonly text: string
  readonly name?: string
  /** Of each parameter the place of its value and whether it goes as JSON; or what is always the same. */
  readonly params: readonly (
    | { readonly at: number; readonly isJson: boolean }
    | { same: unknown }
  )[]
}

/** What is used of MikroORM's query builder once it is told everything. */
export interface Built {
  toQuery(): { readonly sql: string; readonly params: readonly unknown[] }
}

/** Texts up to this length come again and are worth preparing; longer ones insert as many rows as there are. */
const preparedLength = 2_000
const mostKept = 500

/** A value as it stands in a question before it has one. */
export type Mark = string

/** Takes the values out of a question and leaves marks; the question with its marks is its shape. */
export function createMarks() {
  const values: unknown[] = []
  return { values, mark: (value: unknown): Mark => `~${values.push(value ?? null) - 1}~` }
}

/** MikroORM writes the SQL of each shape once: that takes longer than all else that it does with a question. */
export function createTemplates() {
  const kept = new Map<string, Template>()

  return (shape: string, values: readonly unknown[], build: () => Built): Statement => {
    let template = kept.get(shape)
    if (!template) {
      template = read(build())
      if (template.name) {
        if (kept.size >= mostKept) kept.delete(kept.keys().next().value ?? '')
        kept.set(shape, template)
      }
    }
    const { text, name, params } = template
    return {
      text,
      ...(name ? { name } : {}),
      values: params.map((param) => valueFor(param, values)),
    }
  }
}

function valueFor(param: Template['params'][number], values: readonly unknown[]): unknown {
  if ('same' in param) return param.same
  const value = values[param.at]
  return param.isJson && value !== null ? JSON.stringify(value) : value
}

/** MikroORM's `?` become `$1`, `$2`: no name that it quotes can hold a question mark. */
function read(built: Built): Template {
  const { sql, params } = built.toQuery()
  let at = 0
  const text = sql.replace(/\?/g, () => `$${++at}`)
  return {
    text,
    ...(text.length <= preparedLength ? { name: text } : {}),
    params: params.map((param) => {
      const mark = /^("?)~(\d+)~"?$/.exec(String(param))
      return mark ? { at: Number(mark[2]), isJson: mark[1] !== '' } : { same: param }
    }),
  }
}
