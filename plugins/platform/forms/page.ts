import {
  type EntityInfo,
  type HandlerContext,
  type Issue,
  NotFoundError,
  type PublicField,
  type PublicPage,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { type Form, findForm, sendPath } from './definition.ts'
import { type DrawnField, drawnFields } from './fields.ts'
import type { Posted } from './read-answers.ts'
import { keptAtFirst } from './source.ts'

export const trapName = 'contact_url'
export const consentName = '_consent'

export interface OpenForm {
  readonly form: Form
  readonly entity: EntityInfo
  readonly fields: readonly DrawnField[]
}

/** @throws NotFoundError for a form that is gone, off, or of an entity that is. */
export async function openForm(
  ctx: HandlerContext,
  id: string,
  language: string,
): Promise<OpenForm> {
  const form = await findForm(ctx, id, language)
  const entity = ctx.model.entity(form.entity, language)
  if (!form.active || !entity) throw new NotFoundError()
  return { form, entity, fields: drawnFields(entity, form.body) }
}

/** The form, empty. Each time it is shown it gets an address of its own to be sent to, with the time in it. */
export async function formPage(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  // Of its own page, or of the one that it is sent to, which somebody loads again.
  const [id = ''] = (request.params['subject'] ?? '').split(' ')
  const open = await openForm(ctx, id, request.language)
  const seconds = Math.floor(ctx.now.getTime() / 1000)
  const { pathname: action } = new URL(
    ctx.publicLink(sendPath, `${id} ${seconds} ${crypto.randomUUID()}`, { days: 365 }),
  )
  const suffix = request.language === ctx.org.locale ? '' : `?lang=${request.language}`
  const filled = { posted: {}, kept: keptAtFirst(request), issues: [] }
  const page = drawPage(ctx, open, request.language, filled, `${action}${suffix}`)
  return { status: 200, page }
}

export interface Filled {
  readonly posted: Posted
  readonly kept: Readonly<Record<string, string>>
  readonly issues: readonly Issue[]
}

/** @param action where it is sent; the page's own address when missing. */
export function drawPage(
  ctx: HandlerContext,
  { form, fields }: OpenForm,
  language: string,
  { posted, kept, issues }: Filled,
  action?: string,
): PublicPage {
  const { title, intro, button, consent, embeddedIn = [] } = form.body
  const redirect = redirectOf(form)
  const say = (key: string, values = {}) => ctx.t(key, values, language)
  const names = new Set([...fields.map(({ field }) => field.apiName), consentName])
  const problemAt = (name: string) => issues.find(({ path }) => path.split('.')[0] === name)
  const isChanged = issues.some(({ path }) => !names.has(path.split('.')[0] ?? ''))
  const isMarked = fields.some(({ isRequired }) => isRequired) || consent?.required === true
  return {
    title: title ?? form.name,
    text: [...(intro ? [intro] : []), ...(isMarked ? [say('page.required')] : [])],
    language,
    isBranded: true,
    embeddedIn,
    form: {
      ...(action === undefined ? {} : { action }),
      button: button ?? say('page.send'),
      ...(issues.length > 0 ? { problem: say(isChanged ? 'page.changed' : 'page.wrong') } : {}),
      fields: [
        ...fields.map((one) => drawField(ctx, one, posted, problemAt(one.field.apiName), language)),
        ...(consent
          ? [
              {
                name: consentName,
                control: 'check' as const,
                label: consent.text,
                isRequired: consent.required === true,
                ...(posted[consentName] ? { value: 'yes' } : {}),
                ...(problemAt(consentName) ? { problem: say('problem.consent') } : {}),
              },
            ]
          : []),
      ],
      kept,
      trap: { name: trapName, label: say('page.trap') },
      ...(redirect ? { leadsTo: [redirect.origin] } : {}),
    },
  }
}

/** As headers take it, in ASCII; null for what is no address, which a definition may have. */
function redirectOf({ body: { redirect } }: Form): URL | null {
  return redirect !== undefined && URL.canParse(redirect) ? new URL(redirect) : null
}

const autocomplete: Readonly<Record<string, string>> = {
  email: 'email',
  phone: 'tel',
  name: 'name',
  firstName: 'given-name',
  lastName: 'family-name',
  company: 'organization',
  website: 'url',
}

function drawField(
  ctx: HandlerContext,
  { field, said, control, isRequired }: DrawnField,
  posted: Posted,
  problem: Issue | undefined,
  language: string,
): PublicField {
  const { apiName, maxLength } = field
  const help = said.help ?? (control === 'datetime-local' ? ctx.org.timeZone : undefined)
  const value = Object.hasOwn(posted, apiName) ? posted[apiName] : undefined
  const auto = autocomplete[apiName] ?? autocomplete[field.editor]
  return {
    name: apiName,
    label: said.label ?? field.label,
    control,
    isRequired,
    ...(help ? { help } : {}),
    ...(value === undefined ? {} : { value }),
    ...(control === 'choice' || control === 'choices'
      ? { options: optionsOf(field, language) }
      : {}),
    ...(maxLength ? { maxLength } : {}),
    ...(auto ? { autocomplete: auto } : {}),
    ...(problem ? { problem: wordsFor(ctx, field.editor, problem, language) } : {}),
  }
}

function optionsOf(field: DrawnField['field'], language: string) {
  if (field.editor === 'country') return countriesIn(language)
  return (field.options ?? [])
    .filter(({ hidden }) => !hidden)
    .map(({ key, label }) => ({ value: key, label }))
}

/** Where people live, by name. Codes that the platform's own list of names does not know are no countries. */
function countriesIn(language: string) {
  const names = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' })
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const outside = new Set(['EU', 'EZ', 'UN', 'QO', 'XA', 'XB', 'ZZ'])
  return letters
    .flatMap((first) => letters.map((second) => first + second))
    .flatMap((value) => {
      const label = outside.has(value) ? undefined : names.of(value)
      return label ? [{ value, label }] : []
    })
    .sort((a, b) => a.label.localeCompare(b.label, language))
}

/** A problem in the language of the page, as exact as its kind of field lets it be. */
function wordsFor(ctx: HandlerContext, editor: string, { code }: Issue, language: string): string {
  const isForm = code === 'BAD_FORMAT' || code === 'WRONG_TYPE'
  const exact = isForm && exactEditors.has(editor) ? editor : null
  const key = exact ?? (knownCodes.has(code) ? code : 'BAD_FORMAT')
  return ctx.t(`problem.${key}`, {}, language)
}

const exactEditors = new Set(['email', 'phone', 'url', 'number', 'integer', 'currency', 'date'])
const knownCodes = new Set(['REQUIRED', 'TOO_LONG', 'OUT_OF_RANGE', 'UNKNOWN_OPTION'])

/** Said when it was sent, whatever became of it: nobody learns from outside what is here. */
export function thanksReply(
  ctx: HandlerContext,
  { form }: OpenForm,
  language: string,
  wantsPage: boolean,
): RouteReply {
  const { thanks, embeddedIn = [] } = form.body
  const redirect = redirectOf(form)
  if (!wantsPage) return { status: 201, body: { received: true } }
  if (redirect) return { status: 303, headers: { location: redirect.href } }
  return {
    status: 200,
    page: {
      title: ctx.t('page.thanks', {}, language),
      text: [thanks ?? ctx.t('page.received', {}, language)],
      language,
      isBranded: true,
      embeddedIn,
    },
  }
}
