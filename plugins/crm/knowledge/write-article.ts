import { type HandlerContext, invalidInput, StateConflictError } from '@runwaycrm/sdk'
import { articleEntity } from './entities.ts'
import { ticketOf } from './search-knowledge.ts'

export interface CreateArticleInput {
  readonly title?: string
  readonly body?: string
  readonly summary?: string
  readonly category?: string
  readonly visibility?: 'internal' | 'public'
  readonly ticketId?: string
}

/** From a ticket it takes subject and solution, and nothing of what the customer wrote. */
export async function createArticle(input: CreateArticleInput, ctx: HandlerContext) {
  const ticket = input.ticketId ? await ticketOf(ctx, input.ticketId) : null
  const title = input.title?.trim() || String(ticket?.['subject'] ?? '')
  if (title === '')
    throw invalidInput('title', 'REQUIRED', 'Give a title, or {a crm.tickets:ticket}.')
  const body = input.body?.trim() || String(ticket?.['resolution'] ?? '')
  if (body === '') {
    const message = ticket
      ? 'The {crm.tickets:ticket} has no solution yet; give a text.'
      : 'Give a text.'
    throw invalidInput('body', 'REQUIRED', message)
  }
  const article = await ctx.records.create(articleEntity, {
    title,
    body,
    summary: input.summary?.trim() || null,
    category: input.category ?? null,
    ...(input.visibility ? { visibility: input.visibility } : {}),
  })
  return { articleId: article.id, number: Number(article['number']), state: 'draft' }
}

export async function publishArticle(
  input: { readonly articleId: string; readonly visibility?: string },
  ctx: HandlerContext,
) {
  const { articleId } = input
  const article = await ctx.records.get(articleEntity, articleId)
  const visibility = input.visibility ?? String(article['visibility'])
  if (article['state'] === 'published' && article['visibility'] === visibility)
    throw new StateConflictError('This {article} is published already.')
  if (!String(article['body'] ?? '').trim())
    throw new StateConflictError('This {article} has no text; write one first.')
  await ctx.records.update(
    articleEntity,
    articleId,
    { state: 'published', visibility, publishedAt: ctx.now.toISOString() },
    article.version,
  )
  return { articleId, state: 'published', visibility }
}

export async function archiveArticle(
  { articleId }: { readonly articleId: string },
  ctx: HandlerContext,
) {
  const article = await ctx.records.get(articleEntity, articleId)
  if (article['state'] === 'archived')
    throw new StateConflictError('This {article} is archived already.')
  await ctx.records.update(articleEntity, articleId, { state: 'archived' }, article.version)
  return { articleId, state: 'archived' }
}
