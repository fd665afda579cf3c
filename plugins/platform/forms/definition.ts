import { type HandlerContext, NotFoundError, type RecordData } from '@runwaycrm/sdk'

export const formEntity = 'platform.forms:form'
export const submissionEntity = 'platform.forms:submission'
export const pagePath = '/forms/at/:token'
export const sendPath = '/forms/send/:token'

export interface FormField {
  readonly order?: number
  /** Instead of the field's own words. */
  readonly label?: string
  readonly help?: string
  /** More than the field itself asks for. */
  readonly required?: boolean
  /** Nobody sees the field; every record gets this value. */
  readonly preset?: unknown
}

export interface Consent {
  readonly text: string
  /** Key of a purpose. */
  readonly purpose?: string
  readonly required?: boolean
}

/** A definition under the point `forms`, but for entity and label. */
export interface FormBody {
  readonly title?: string
  readonly intro?: string
  /** By the name that the API has for a field. */
  readonly fields: Readonly<Record<string, FormField>>
  readonly button?: string
  readonly thanks?: string
  readonly redirect?: string
  readonly consent?: Consent
  readonly embeddedIn?: readonly string[]
  readonly mostLinks?: number
}

export interface Form {
  /** The id of a record, or the reference of what a plugin or the studio brings. */
  readonly id: string
  readonly isRecord: boolean
  /** Null for what is no record. */
  readonly version: number | null
  readonly name: string
  readonly entity: string
  readonly active: boolean
  readonly body: FormBody
  /** Whose its records become. */
  readonly assignTo: string | null
}

interface Contributed extends FormBody {
  readonly entity: string
  readonly label: string
  readonly active?: boolean
}

export const toForm = (record: RecordData): Form => ({
  id: record.id,
  isRecord: true,
  version: record.version,
  name: String(record['name'] ?? ''),
  entity: String(record['entityRef'] ?? ''),
  active: record['active'] === true,
  body: (record['body'] ?? { fields: {} }) as FormBody,
  assignTo: (record['assignToId'] as string | undefined) ?? null,
})

/** @throws NotFoundError */
export async function findForm(ctx: HandlerContext, id: string, language?: string): Promise<Form> {
  if (!id.includes(':')) return toForm(await ctx.records.get(formEntity, id))
  const found = contributedForms(ctx, language).find((form) => form.id === id)
  if (!found) throw new NotFoundError()
  return found
}

/** Those of plugins and of the organisation's own layer, in the words of the language. */
export function contributedForms(ctx: HandlerContext, language?: string): readonly Form[] {
  return [...ctx.model.contributions<Contributed>('forms')].map(([id, definition]) => {
    const [plugin, key] = id.split(':')
    const {
      entity,
      label,
      active = true,
      ...body
    } = worded(definition, (path, text) => {
      const name = `${plugin}:forms.${key}${path}`
      const said = ctx.t(name, {}, language)
      return said === name ? text : said
    }) as Contributed
    return { id, isRecord: false, version: null, name: label, entity, active, body, assignTo: null }
  })
}

function worded(value: unknown, say: (path: string, text: string) => string, path = ''): unknown {
  if (typeof value === 'string') return say(path, value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === 'preset' ? inner : worded(inner, say, `${path}.${name}`),
    ]),
  )
}

/** Where anybody fills it in, the same address each time: whoever ends it turns the form off. */
export const addressOf = (ctx: HandlerContext, id: string): string =>
  ctx.publicLink(pagePath, id, { until: farAway })

const farAway = new Date('2100-01-01T00:00:00Z')
