import {
  escapeHtml,
  ForbiddenError,
  type HandlerContext,
  type RouteReply,
  type RouteRequest,
} from '@runwaycrm/sdk'
import { checkForm } from './check-form.ts'
import {
  addressOf,
  contributedForms,
  type Form,
  type FormBody,
  findForm,
  formEntity,
  submissionEntity,
  toForm,
} from './definition.ts'
import { controls } from './fields.ts'

interface Save {
  readonly id?: string
  readonly name?: string
  readonly entity?: string
  readonly body?: FormBody
  readonly active?: boolean
  readonly assignTo?: string | null
  /** Of the form that it changes: somebody else's change since is not written over. */
  readonly version?: number
}

/** Makes or changes a form. It lets anybody write, so it is an admin's to make. */
export async function saveForm(input: Save, ctx: HandlerContext) {
  if (!ctx.isAdmin) throw new ForbiddenError(ctx.t('adminsOnly'))
  const known = input.id === undefined ? null : toForm(await ctx.records.get(formEntity, input.id))
  const entity = ctx.model.entity(input.entity ?? known?.entity ?? '')?.ref ?? input.entity ?? ''
  const body = input.body ?? known?.body ?? { fields: {} }
  await checkForm(ctx, entity, body)
  const values = {
    entityRef: entity,
    body,
    ...(input.name === undefined ? {} : { name: input.name }),
    ...(input.active === undefined ? {} : { active: input.active }),
    ...(input.assignTo === undefined ? {} : { assignToId: input.assignTo }),
  }
  const saved = known
    ? await ctx.records.update(formEntity, known.id, values, input.version)
    : await ctx.records.create(formEntity, {
        active: true,
        name: body.title ?? ctx.label(entity).one,
        ...values,
      })
  return { id: saved.id, version: saved.version, ...publicFace(ctx, toForm(saved)) }
}

/** Where it is filled in, and what puts it into a page of one's own. */
export async function address({ form }: { readonly form: string }, ctx: HandlerContext) {
  return publicFace(ctx, await findForm(ctx, form))
}

function publicFace(ctx: HandlerContext, { id, name, body }: Form) {
  const url = addressOf(ctx, id)
  const script = `${url.slice(0, url.indexOf('/forms/'))}/forms/frame.js`
  const snippet = `<iframe data-runway-form src="${url}" title="${escapeHtml(body.title ?? name)}" referrerpolicy="no-referrer-when-downgrade" loading="lazy" style="width:100%;height:640px;border:0"></iframe>
<script async src="${script}"></script>`
  return { url, snippet }
}

/** All forms, with how often each was sent. */
export async function listForms(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const { data } = await ctx.records.list(formEntity, { sort: 'name', limit: 200 })
  const counts = await ctx.records.aggregate(submissionEntity, {
    groupBy: [{ field: 'formRef' }],
    measures: { sent: { count: '*' }, held: { count: '*', filter: { state: 'held' } } },
    limit: 1000,
  })
  const byForm = new Map(counts.data.map((row) => [row['formRef'], row]))
  const forms = [...data.map(toForm), ...contributedForms(ctx, request.language)]
  return {
    status: 200,
    body: {
      mayChange: ctx.isAdmin,
      controls,
      data: forms.map((form) => ({
        ...form,
        ...publicFace(ctx, form),
        sent: byForm.get(form.id)?.['sent'] ?? 0,
        held: byForm.get(form.id)?.['held'] ?? 0,
      })),
    },
  }
}
