import type { FastifyReply } from 'fastify'
import { type Problem, problemType } from './problem.ts'
import type { Answer } from './route.ts'

const jsonType = 'application/json; charset=utf-8'

/**
 * What every answer of the API carries: nobody keeps it, nobody guesses its type, nobody frames it.
 * Written by hand, because a dozen headers through hooks cost more than the record they belong to.
 */
const apiHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

export function send(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status)
  reply.headers(apiHeaders)
  if (answer.headers) reply.headers(answer.headers)
  if (answer.stream) {
    return reply
      .header('content-type', answer.type ?? 'application/octet-stream')
      .send(answer.stream)
  }
  if (answer.body === undefined) return reply.send()
  if (answer.type !== undefined) return reply.header('content-type', answer.type).send(answer.body)
  // A text is an answer that was kept as JSON already.
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
  return reply.header('content-type', jsonType).send(text)
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers(apiHeaders)
    .headers(problem.headers)
    .header('content-type', problemType)
    .send(JSON.stringify(problem.document))
}
