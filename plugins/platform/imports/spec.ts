import { type EntityInfo, type FieldInfo, InvalidError, type Issue } from '@runwaycrm/sdk'

/** How a column is read; a plain text is the field's name, null leaves the column out. */
export interface ColumnTarget {
  readonly field: string
  /** Cell text to the value instead, `{"GTXPro": "GTX Pro"}`. */
  readonly values?: Readonly<Record<string, string>>
  /** Finds the record of a relation by this field of it, and makes it when asked to. */
  readonly relation?: { readonly by: string; readonly create?: boolean }
  /** A number is multiplied by it. */
  readonly scale?: number
  /** Used for an empty cell. */
  readonly default?: unknown
}

/** What `POST /imports` takes as `spec`. */
export interface ImportSpec {
  readonly entity: string
  readonly columns: Readonly<Record<string, ColumnTarget | null>>
  /** Fields without a column: text with `{column}`; a part in [brackets] is dropped when a column in it is empty. */
  readonly defaults: Readonly<Record<string, string>>
  readonly key: readonly string[]
  readonly onDuplicate: 'update' | 'skip' | 'create'
  readonly workflows: 'run' | 'skip'
  readonly dryRun: boolean
  readonly delimiter?: string
  readonly decimal: '.' | ','
  readonly dateFormat: string
  readonly timeZone?: string
  /** BCP 47: in which the file may name fields and options, beside the organisation's. */
  readonly language?: string
}

const known = [
  'entity',
  'columns',
  'defaults',
  'key',
  'onDuplicate',
  'workflows',
  'dryRun',
  'delimiter',
  'decimal',
  'dateFormat',
  'timeZone',
  'language',
]
const dateFormats = ['YYYY-MM-DD', 'DD/MM/YYYY', 'MM/DD/YYYY', 'DD.MM.YYYY', 'YYYY/MM/DD']

/**
 * Checks the spec's shape; names of fields are checked against the entity in `checkColumns`.
 * @throws InvalidError with every problem.
 */
export function readSpec(input: unknown): ImportSpec {
  const issues: Issue[] = []
  const say = (path: string, message: string, code: Issue['code'] = 'BAD_FORMAT') =>
    issues.push({ path: `spec.${path}`, code, message })
  if (!isObject(input))
    throw new InvalidError('The form field `spec` must hold a JSON object.', {
      errors: [{ path: 'spec', code: 'WRONG_TYPE', message: 'Not a JSON object.' }],
    })
  for (const name of Object.keys(input))
    if (!known.includes(name))
      say(name, `Unknown; the spec knows ${known.join(', ')}.`, 'UNKNOWN_FIELD')
  if (typeof input['entity'] !== 'string')
    say('entity', 'Say which entity, e.g. "opportunities".', 'REQUIRED')
  const columns = isObject(input['columns']) ? readColumns(input['columns'], say) : {}
  if (input['columns'] !== undefined && !isObject(input['columns']))
    say('columns', 'An object from column to field.', 'WRONG_TYPE')
  const oneOf = <T>(name: string, options: readonly T[], fallback: T): T => {
    const value = input[name] as T | undefined
    if (value === undefined) return fallback
    if (!options.includes(value)) say(name, `One of ${options.join(', ')}.`, 'UNKNOWN_OPTION')
    return value
  }
  const key = input['key'] ?? []
  if (!Array.isArray(key) || key.some((name) => typeof name !== 'string'))
    say('key', 'A list of field names.', 'WRONG_TYPE')
  const delimiter = input['delimiter']
  if (delimiter !== undefined && !(typeof delimiter === 'string' && isDelimiter(delimiter)))
    say('delimiter', 'One character that is neither a quote nor a line break.')
  const defaults = input['defaults'] ?? {}
  if (!isObject(defaults) || Object.values(defaults).some((text) => typeof text !== 'string'))
    say('defaults', 'An object from field to text.', 'WRONG_TYPE')
  const timeZone = input['timeZone']
  if (timeZone !== undefined && !isTimeZone(timeZone))
    say('timeZone', 'A time zone such as Europe/Oslo.')
  const language = input['language']
  if (language !== undefined && !isLanguage(language)) say('language', 'A language such as de-CH.')
  const spec: ImportSpec = {
    entity: String(input['entity']),
    columns,
    defaults: defaults as Record<string, string>,
    key: key as string[],
    onDuplicate: oneOf('onDuplicate', ['update', 'skip', 'create'] as const, 'update'),
    workflows: oneOf('workflows', ['run', 'skip'] as const, 'skip'),
    dryRun: oneOf('dryRun', [true, false], false),
    ...(typeof delimiter === 'string' ? { delimiter } : {}),
    decimal: oneOf('decimal', ['.', ','] as const, '.'),
    dateFormat: oneOf('dateFormat', dateFormats, 'YYYY-MM-DD'),
    ...(typeof timeZone === 'string' ? { timeZone } : {}),
    ...(isLanguage(language) ? { language } : {}),
  }
  if (issues.length > 0) throw new InvalidError('The spec has problems.', { errors: issues })
  return spec
}

/** @returns what is wrong between file, spec and entity: columns without a word, fields that do not exist. */
export function checkColumns(
  spec: ImportSpec,
  header: readonly string[],
  entity: EntityInfo,
): Issue[] {
  const issues: Issue[] = []
  const fields = fieldsByName(entity)
  for (const column of header) {
    if (!Object.hasOwn(spec.columns, column))
      issues.push({
        path: `spec.columns.${column}`,
        code: 'REQUIRED',
        message: `Say which field the column "${column}" goes to, or null to leave it out.`,
      })
  }
  const names = new Set(header)
  for (const [column, target] of Object.entries(spec.columns)) {
    const path = `spec.columns.${column}`
    if (!names.has(column))
      issues.push({ path, code: 'UNKNOWN_FIELD', message: `The file has no column "${column}".` })
    if (target === null) continue
    const field = fields.get(target.field)
    if (!field)
      issues.push({
        path,
        code: 'UNKNOWN_FIELD',
        message: `${entity.labelPlural} have no field "${target.field}".`,
      })
    else if (field.readOnly)
      issues.push({ path, code: 'READ_ONLY', message: `"${field.label}" cannot be written.` })
    else if (target.relation && !isRelation(field))
      issues.push({
        path: `${path}.relation`,
        code: 'WRONG_TYPE',
        message: `"${field.label}" is not a relation.`,
      })
  }
  for (const name of [...spec.key, ...Object.keys(spec.defaults)]) {
    if (!fields.has(name))
      issues.push({
        path: 'spec.key',
        code: 'UNKNOWN_FIELD',
        message: `${entity.labelPlural} have no field "${name}".`,
      })
  }
  return issues
}

export function fieldsByName(entity: EntityInfo): Map<string, FieldInfo> {
  return new Map(entity.fields.map((field) => [field.apiName, field]))
}

function readColumns(
  input: Record<string, unknown>,
  say: (path: string, message: string, code?: Issue['code']) => void,
): Record<string, ColumnTarget | null> {
  const columns: Record<string, ColumnTarget | null> = {}
  for (const [column, target] of Object.entries(input)) {
    const path = `columns.${column}`
    if (target === null) columns[column] = null
    else if (typeof target === 'string') columns[column] = { field: target }
    else if (isObject(target) && typeof target['field'] === 'string') {
      const { values, relation, scale } = target
      if (
        values !== undefined &&
        (!isObject(values) || Object.values(values).some((value) => typeof value !== 'string'))
      )
        say(`${path}.values`, 'An object from text to text.', 'WRONG_TYPE')
      if (relation !== undefined && !(isObject(relation) && typeof relation['by'] === 'string'))
        say(`${path}.relation`, 'Say `by` which field the record is found.', 'WRONG_TYPE')
      if (
        scale !== undefined &&
        (typeof scale !== 'number' || !Number.isFinite(scale) || scale === 0)
      )
        say(`${path}.scale`, 'A number other than 0.', 'WRONG_TYPE')
      columns[column] = target as unknown as ColumnTarget
    } else say(path, 'A field name, an object with `field`, or null.', 'WRONG_TYPE')
  }
  return columns
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isDelimiter(text: string): boolean {
  return text.length === 1 && text.isWellFormed() && !['"', '\r', '\n', '\ufeff'].includes(text)
}

function isLanguage(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$/.test(value)
}

function isTimeZone(value: unknown): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: String(value) })
    return typeof value === 'string'
  } catch {
    return false
  }
}

/** Whether cells of the field may name records: one, or several with semicolons between them. */
export function isRelation({ kind }: FieldInfo): boolean {
  return kind === 'relation' || kind === 'relations' || kind === 'user'
}
