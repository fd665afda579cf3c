import {
  type AfterChange,
  type HandlerContext,
  type HookChange,
  type HookOutcome,
  UniqueTakenError,
} from '@runwaycrm/sdk'
import { articleEntity, feedbackEntity } from './entities.ts'

interface RateInput {
  readonly articleId: string
  readonly helpful: boolean
  readonly comment?: string
}

export async function rateArticle(input: RateInput, ctx: HandlerContext) {
  const { articleId, helpful } = input
  await ctx.records.get(articleEntity, articleId)
  const feedbackKey = keyOf(articleId, ctx)
  const comment = input.comment?.trim() || null
  try {
    await ctx.records.create(feedbackEntity, {
      name: ctx.principal.name || ctx.t('feedback.somebody'),
      articleId,
      helpful,
      comment,
      feedbackKey,
    })
  } catch (error) {
    if (!(error instanceof UniqueTakenError)) throw error
    const { data } = await ctx.records.list(feedbackEntity, {
      filter: { feedbackKey },
      limit: 1,
    })
    if (data[0]) await ctx.records.update(feedbackEntity, data[0].id, { helpful, comment })
  }
  const article = await ctx.records.get(articleEntity, articleId)
  return {
    articleId,
    helpful: Number(article['helpful'] ?? 0),
    notHelpful: Number(article['notHelpful'] ?? 0),
  }
}

export function keepArticle({ values, before }: HookChange): HookOutcome | undefined {
  if (values['articleId'] === undefined || values['articleId'] === before?.['articleId'])
    return undefined
  return { refuse: { field: 'articleId', message: 'Feedback stays with its {article}.' } }
}

/** Counts again rather than adding one, so that a count that was wrong once does not stay so. */
export async function countFeedback(change: AfterChange, ctx: HandlerContext): Promise<void> {
  const articles = new Set<string>()
  const ids = change.records.map(({ id }) => id)
  for (let start = 0; start < ids.length; start += 100) {
    const { data } = await ctx.records.list(feedbackEntity, {
      filter: { id: { $in: ids.slice(start, start + 100) } },
      fields: ['articleId'],
      limit: 100,
    })
    for (const { articleId } of data) if (typeof articleId === 'string') articles.add(articleId)
  }
  for (const { before } of change.records)
    if (typeof before?.['articleId'] === 'string') articles.add(before['articleId'])
  for (const articleId of articles) {
    const { data } = await ctx.records.aggregate(feedbackEntity, {
      filter: { articleId },
      measures: {
        helpful: { count: '*', filter: { helpful: true } },
        notHelpful: { count: '*', filter: { helpful: false } },
      },
    })
    const { data: present } = await ctx.records.list(articleEntity, {
      filter: { id: articleId },
      fields: ['title'],
      limit: 1,
    })
    if (!present[0]) continue
    await ctx.records.update(articleEntity, articleId, {
      helpful: Number(data[0]?.['helpful'] ?? 0),
      notHelpful: Number(data[0]?.['notHelpful'] ?? 0),
    })
  }
}

function keyOf(articleId: string, { principal }: Pick<HandlerContext, 'principal'>): string {
  return `${articleId} ${principal.userId ?? `${principal.type}:${principal.id}`}`
}
