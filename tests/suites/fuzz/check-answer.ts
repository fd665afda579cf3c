import { tmpdir } from 'node:os'
import path from 'node:path'
import { errorClasses } from '@runwaycrm/sdk'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formatsPlugin from 'ajv-formats'
import type { Answer } from './fuzz-world.ts'
import type { JsonSchema, OpenApiDocument, Operation } from './open-api.ts'
import type { Plan } from './plan.ts'

const addFormats = formatsPlugin as unknown as (ajv: Ajv2020) => void
const checkout = path.resolve(import.meta.dirname, '../../..')
const codes = new Map(errorClasses.map((one) => new one()).map((one) => [one.code, one.status]))

/** Words of PostgreSQL, of stacks and of this machine; no input of the fuzzer has them. */
const insides =
  /\bat [\w.<>$ ]+ \(|node_modules|\.ts:\d+|pg_catalog|\btenant\.\w|\bdirectory\.\w|kernel\.(org|protect|note)|SQLSTATE|syntax error at|violates \w+(-\w+)? constraint|invalid input syntax|\brelation "|ECONN|deadlock detected|out of range for type|Cannot read propert|is not a function|undefined is not/i

/** What may not be said of an answer; empty when all is well. */
export type AnswerCheck = (operation: Operation, plan: Plan, answer: Answer) => string[]

export function createAnswerCheck(document: OpenApiDocument): AnswerCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true })
  addFormats(ajv)
  ajv.addSchema({ components: document.components }, 'document')
  const compiled = new Map<JsonSchema, ValidateFunction>()
  const validatorOf = (schema: JsonSchema) => {
    const known = compiled.get(schema)
    if (known) return known
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components')
    const made = ajv.compile(JSON.parse(text))
    compiled.set(schema, made)
    return made
  }
  const problemSchema = document.components.schemas['Problem']!

  return (operation, plan, { status, headers, body }) => {
    const problems: string[] = []
    const type = String(headers['content-type'] ?? '')
    const known = insides.exec(body)
    if (known) problems.push(`shows insides: ${known[0]}`)
    for (const folder of [checkout, tmpdir()]) {
      if (folder.length > 3 && body.includes(`${folder}/`)) problems.push(`shows ${folder}`)
    }
    if (headers['x-powered-by'] !== undefined) problems.push('says what it runs on')
    if (plan.method === 'HEAD') return status >= 500 ? [`answers ${status}`] : problems

    // Address and headers of more than 16 KiB are refused by the parser of HTTP, which knows no API.
    if (status === 431 && body === '') return problems
    if (status >= 400) {
      if (status >= 500) problems.push(`answers ${status}`)
      return [...problems, ...problemTroubles(status, type, body)]
    }
    if (plan.mode === 'method' || plan.mode === 'address') return problems
    if (!(String(status) in operation.answers)) return [...problems, `${status} is not declared`]
    const schema = operation.answers[status]
    if (!schema) return problems
    if (!type.startsWith('application/json'))
      return isText(schema) ? problems : [...problems, `is ${type}`]
    const validate = validatorOf(schema)
    if (!validate(JSON.parse(body))) {
      const [error] = validate.errors ?? []
      problems.push(`is not as declared: ${error?.instancePath} ${error?.message}`)
    }
    return problems
  }

  function problemTroubles(status: number, type: string, body: string): string[] {
    if (type !== 'application/problem+json; charset=utf-8') return [`${status} as ${type}`]
    const told = JSON.parse(body) as Record<string, unknown>
    const validate = validatorOf(problemSchema)
    const troubles = validate(told) ? [] : [`problem document: ${ajv.errorsText(validate.errors)}`]
    const code = String(told['code'])
    if (told['status'] !== status) troubles.push(`says ${told['status']} and is ${status}`)
    if (codes.get(code) !== status) troubles.push(`${code} as ${status}`)
    if (told['type'] !== `/errors/${code}`) troubles.push(`type ${told['type']}`)
    if (!/^[0-9a-f-]{36}$/.test(String(told['requestId']))) troubles.push('no request id')
    return troubles
  }
}

function isText(schema: JsonSchema): boolean {
  return schema['type'] === 'string'
}
