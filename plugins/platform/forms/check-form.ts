import { type HandlerContext, InvalidError, type Issue } from '@runwaycrm/sdk'
import type { FormBody } from './definition.ts'
import { controlOf, mayBePreset } from './fields.ts'

/**
 * What can be said of a form before anybody fills it in: every problem at once, in words for whoever made it.
 *
 * @throws InvalidError
 */
export async function checkForm(
  ctx: HandlerContext,
  entityRef: string,
  body: FormBody,
): Promise<void> {
  const errors: Issue[] = []
  const say = (path: string, code: Issue['code'], key: string, values = {}) =>
    errors.push({ path: `input.${path}`, code, message: ctx.t(`check.${key}`, values) })
  const entity = ctx.model.entity(entityRef)
  if (!entity) {
    say('entity', 'UNKNOWN_RECORD', 'entity')
    throw new InvalidError(undefined, { errors })
  }
  if (!entity.can.create || entity.plugin === 'kernel' || entity.plugin === ctx.plugin.id) {
    say('entity', 'BAD_FORMAT', 'closed')
  }
  for (const [name, { preset }] of Object.entries(body.fields)) {
    const field = entity.fields.find((one) => one.apiName === name)
    const label = field?.label ?? name
    if (!field) say(`body.fields.${name}`, 'UNKNOWN_FIELD', 'field', { name })
    else if (preset !== undefined && !mayBePreset(field))
      say(`body.fields.${name}`, 'READ_ONLY', 'locked', { label })
    else if (preset === undefined && !controlOf(field))
      say(`body.fields.${name}`, 'BAD_FORMAT', 'kind', { label, type: typeNameOf(field.type) })
  }
  for (const field of entity.fields) {
    const isFilled = field.default !== undefined || body.fields[field.apiName] !== undefined
    if (field.required && mayBePreset(field) && !isFilled)
      say(`body.fields.${field.apiName}`, 'REQUIRED', 'missing', { label: field.label })
  }
  const { redirect, embeddedIn = [], consent } = body
  if (redirect !== undefined && !isSecure(redirect)) say('body.redirect', 'BAD_FORMAT', 'redirect')
  embeddedIn.forEach((one, index) => {
    if (!isOrigin(one)) say(`body.embeddedIn.${index}`, 'BAD_FORMAT', 'origin')
  })
  if (consent?.purpose !== undefined && !(await hasPurpose(ctx, consent.purpose)))
    say('body.consent.purpose', 'UNKNOWN_RECORD', 'purpose')
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
}

const typeNameOf = (type: string): string => type.split(':')[1] ?? type

function isSecure(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, username, password } = new URL(address)
  return protocol === 'https:' && username === '' && password === ''
}

/** `https://www.example.com`; http for a site on the own machine. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { origin, protocol, hostname } = new URL(text)
  const isLocal = protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname)
  return origin === text && (protocol === 'https:' || isLocal)
}

const purposeEntity = 'crm.consent:purpose'

async function hasPurpose(ctx: HandlerContext, key: string): Promise<boolean> {
  if (!ctx.model.entity(purposeEntity)) return false
  const query = { filter: { key }, fields: ['id'], limit: 1 }
  return (await ctx.records.list(purposeEntity, query)).data.length > 0
}
