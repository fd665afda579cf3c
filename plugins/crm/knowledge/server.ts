import { defineHandlers } from '@runwaycrm/sdk'
import { countFeedback, keepArticle, rateArticle } from './feedback.ts'
import { seedSample } from './sample.ts'
import { searchKnowledge, suggestArticles } from './search-knowledge.ts'
import { archiveArticle, createArticle, publishArticle } from './write-article.ts'

export const handlers = defineHandlers({
  createArticle,
  publishArticle,
  archiveArticle,
  searchKnowledge,
  suggestArticles,
  rateArticle,
  keepArticle,
  countFeedback,
  seedSample,
})
