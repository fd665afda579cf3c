import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { FormBody, FormField, FormToSave, WebForm } from '../api/forms.ts'

/** A form as it is edited: fields in their order, texts that may be blank. */
export interface FormDraft {
  id: string | null
  /** As which it was read, or saved last. */
  version: number | null
  name: string
  entity: string
  active: boolean
  assignTo: string | null
  title: string
  intro: string
  fields: DraftField[]
  button: string
  thanks: string
  redirect: string
  consentText: string
  consentPurpose: string
  consentRequired: boolean
  /** One site a line. */
  sites: string
  mostLinks: string
}

export interface DraftField {
  name: string
  label: string
  help: string
  required: boolean
  /** A value that nobody sees; not a field that is filled in. */
  isFixed: boolean
  preset: unknown
}

export type Controls = Readonly<Record<string, string>>

/** Fields that can stand on a form, in the entity's order. */
export function publicFields(entity: EntityInfo, controls: Controls): readonly FieldInfo[] {
  return entity.fields
    .filter((field) => !field.computed && !field.readOnly && !field.hidden && field.can.create)
    .filter((field) => controls[field.editor] !== undefined)
    .toSorted((a, b) => a.order - b.order)
}

/** What most ask for: what a record needs, and how to answer. */
export function freshDraft(entity: EntityInfo, controls: Controls): FormDraft {
  const offered = publicFields(entity, controls)
  const asked = offered.filter(
    ({ required, editor, default: preset }) =>
      (required && preset === undefined) || editor === 'email' || editor === 'longText',
  )
  const fields = asked.slice(0, 6).map(({ apiName, editor }) => ({
    ...emptyField(apiName),
    required: editor === 'email',
  }))
  const source = entity.fields.find(({ apiName }) => apiName === 'source')
  const web = source?.options?.find(({ key }) => key === 'web')
  return {
    ...{ id: null, version: null, name: '', entity: entity.ref, active: true, assignTo: null },
    ...{ title: '', intro: '', button: '', thanks: '', redirect: '', sites: '', mostLinks: '' },
    ...{ consentText: '', consentPurpose: '', consentRequired: true },
    fields: web ? [...fields, { ...emptyField('source'), isFixed: true, preset: web.key }] : fields,
  }
}

export const emptyField = (name: string): DraftField => ({
  ...{ name, label: '', help: '', required: false, isFixed: false, preset: undefined },
})

export function toDraft(form: WebForm): FormDraft {
  const { body } = form
  const fields = Object.entries(body.fields).toSorted(
    ([a, one], [b, other]) => (one.order ?? 1000) - (other.order ?? 1000) || (a < b ? -1 : 1),
  )
  return {
    id: form.isRecord ? form.id : null,
    version: form.version,
    name: form.name,
    entity: form.entity,
    active: form.active,
    assignTo: form.assignTo,
    title: body.title ?? '',
    intro: body.intro ?? '',
    fields: fields.map(([name, said]) => ({
      name,
      label: said.label ?? '',
      help: said.help ?? '',
      required: said.required === true,
      isFixed: said.preset !== undefined,
      preset: said.preset,
    })),
    button: body.button ?? '',
    thanks: body.thanks ?? '',
    redirect: body.redirect ?? '',
    consentText: body.consent?.text ?? '',
    consentPurpose: body.consent?.purpose ?? '',
    consentRequired: body.consent?.required === true,
    sites: (body.embeddedIn ?? []).join('\n'),
    mostLinks: body.mostLinks === undefined ? '' : String(body.mostLinks),
  }
}

export function toSave(draft: FormDraft): FormToSave {
  const { id, version, name, entity, active, assignTo } = draft
  const title = draft.title.trim()
  return {
    ...(id === null ? {} : { id }),
    ...(version === null ? {} : { version }),
    name: name.trim() || title,
    entity,
    active,
    assignTo,
    body: toBody(draft),
  }
}

function toBody(draft: FormDraft): FormBody {
  const text = (key: 'title' | 'intro' | 'button' | 'thanks' | 'redirect') => {
    const value = draft[key].trim()
    return value === '' ? {} : { [key]: value }
  }
  const sites = draft.sites.split(/\s+/).filter(Boolean)
  const consent = draft.consentText.trim()
  const purpose = draft.consentPurpose.trim()
  return {
    ...text('title'),
    ...text('intro'),
    fields: Object.fromEntries(
      draft.fields.map((field, index) => [field.name, toField(field, index)]),
    ),
    ...text('button'),
    ...text('thanks'),
    ...text('redirect'),
    ...(consent === ''
      ? {}
      : {
          consent: {
            text: consent,
            required: draft.consentRequired,
            ...(purpose === '' ? {} : { purpose }),
          },
        }),
    ...(sites.length === 0 ? {} : { embeddedIn: sites.map(originOf) }),
    ...(/^\d{1,4}$/.test(draft.mostLinks) ? { mostLinks: Number(draft.mostLinks) } : {}),
  }
}

function toField(field: DraftField, index: number): FormField {
  const order = (index + 1) * 10
  if (field.isFixed) return { order, preset: field.preset ?? null }
  const label = field.label.trim()
  const help = field.help.trim()
  return {
    order,
    ...(label === '' ? {} : { label }),
    ...(help === '' ? {} : { help }),
    ...(field.required ? { required: true } : {}),
  }
}

/** What somebody copies from the address bar is a page; what counts is its site. */
const originOf = (text: string): string => {
  const whole = text.includes('://') ? text : `https://${text}`
  return URL.canParse(whole) ? new URL(whole).origin : text
}
