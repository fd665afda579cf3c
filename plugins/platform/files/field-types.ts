import type { FieldCodec, FieldTypeHandler, IssueCode, Parsed } from '@runwaycrm/sdk'
import { pictureTypes } from './sniff.ts'
import { urlOf } from './stored-file.ts'

/** One file. The kernel has put in what is known of it; one that is not the writer's comes with its id alone. */
export const file: FieldTypeHandler = () => oneCodec(() => null)

export const image: FieldTypeHandler = () => oneCodec(picture)

export const files: FieldTypeHandler = () => listCodec(() => null)

export const images: FieldTypeHandler = () => listCodec(picture)

interface Facts {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly size: number
  readonly width?: number
  readonly height?: number
}
type Demand = (facts: Facts) => string | null

const mostFiles = 50

function picture({ name, type }: Facts): string | null {
  return pictureTypes.has(type)
    ? null
    : `"${name}" is no picture but ${type}; send PNG, JPEG, GIF, WebP, AVIF or BMP.`
}

function oneCodec(demand: Demand): FieldCodec {
  return {
    parse: (input) => (input === '' ? kept(null) : parseOne(input, demand)),
    format: ({ main }) => shown(main as Facts),
    text: ({ main }) => (main as Facts).name,
  }
}

function listCodec(demand: Demand): FieldCodec {
  return {
    parse(input) {
      if (!Array.isArray(input)) return refused('WRONG_TYPE', 'Expected a list of files.')
      if (input.length > mostFiles) return refused('TOO_LONG', `At most ${mostFiles} files.`)
      const list = new Map<string, Facts>()
      for (const [index, item] of input.entries()) {
        const parsed = parseOne(item, demand)
        if (!parsed.ok) return { ok: false, problem: { ...parsed.problem, path: String(index) } }
        const facts = parsed.value.main as Facts
        list.set(facts.id, facts)
      }
      return kept(list.size === 0 ? null : [...list.values()])
    },
    format: ({ main }) => (main as readonly Facts[]).map(shown),
    text: ({ main }) => (main as readonly Facts[]).map(({ name }) => name).join(', '),
  }
}

function parseOne(input: unknown, demand: Demand): Parsed {
  const value = typeof input === 'string' ? { id: input } : input
  if (typeof value !== 'object' || value === null || typeof (value as Facts).id !== 'string') {
    return refused('WRONG_TYPE', 'Expected the id of a file that was uploaded.')
  }
  const { id, name, type, size, width, height } = value as Facts
  if (typeof name !== 'string' || typeof type !== 'string' || typeof size !== 'number') {
    return refused('UNKNOWN_RECORD', 'There is no such file.')
  }
  const facts = { id, name, type, size, ...(width && height ? { width, height } : {}) }
  const problem = demand(facts)
  return problem === null ? kept(facts) : refused('BAD_FORMAT', problem)
}

function shown(facts: Facts) {
  const { id, name, type, size, width, height } = facts
  return { id, name, type, size, url: urlOf(id), ...(width && height ? { width, height } : {}) }
}

function kept(main: unknown): Parsed {
  return { ok: true, value: { main } }
}

function refused(code: IssueCode, message: string): Parsed {
  return { ok: false, problem: { code, message } }
}
