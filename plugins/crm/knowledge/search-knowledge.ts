import {
  type Filter,
  type HandlerContext,
  invalidInput,
  type RecordData,
  recordOfInput,
} from '@runwaycrm/sdk'
import { articleEntity, ticketEntity } from './entities.ts'
import { excerptOf, rankArticles, wordsOf } from './rank-articles.ts'

export interface SearchOptions {
  readonly visibility?: 'internal' | 'public'
  readonly limit?: number
}

/** So many articles are ranked at most; the newest of those that have a word. */
const mostRanked = 200

export function searchKnowledge(
  input: SearchOptions & { readonly query: string },
  ctx: HandlerContext,
) {
  const words = wordsOf(input.query)
  if (words.length === 0) throw invalidInput('query', 'REQUIRED', 'Give a word to look for.')
  return find(words, input, ctx)
}

export async function suggestArticles(
  input: SearchOptions & { readonly ticketId: string },
  ctx: HandlerContext,
) {
  const ticket = await ticketOf(ctx, input.ticketId)
  const words = wordsOf(`${ticket['subject']} ${ticket['description'] ?? ''}`)
  return words.length === 0 ? { articles: [], total: 0 } : find(words, input, ctx)
}

/** Through the list of records, so only what the reader may read is found, ranked and counted. */
async function find(
  words: readonly string[],
  { visibility, limit = 10 }: SearchOptions,
  ctx: HandlerContext,
) {
  const filter: Filter = {
    state: 'published',
    ...(visibility ? { visibility } : {}),
    $or: words.flatMap((word): Filter[] => [
      { title: { $contains: word } },
      { summary: { $contains: word } },
      { body: { $contains: word } },
      { keywords: { $contains: word } },
    ]),
  }
  const { data } = await ctx.records.list(articleEntity, { filter, limit: mostRanked })
  const ranked = rankArticles(data, words)
  return {
    articles: ranked.slice(0, limit).map(({ article, score }) => ({
      articleId: article.id,
      number: article['number'],
      title: String(article['title']),
      excerpt: excerptOf(article, words),
      visibility: article['visibility'],
      score,
    })),
    total: ranked.length,
  }
}

/** @throws InvalidError when there is no such ticket for the reader. */
export async function ticketOf(ctx: HandlerContext, id: string): Promise<RecordData> {
  if (!ctx.model.entity(ticketEntity))
    throw invalidInput(
      'ticketId',
      'UNKNOWN_RECORD',
      'There are no {crm.tickets:ticket.plural} here.',
    )
  const message = 'There is no such {crm.tickets:ticket}, or you may not read it.'
  return recordOfInput(ctx.records, ticketEntity, id, 'ticketId', message)
}
