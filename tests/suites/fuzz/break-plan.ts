import { brokenTexts, contentTypes } from './broken-bodies.ts'
import { define, nest, objectsIn, replaceAt } from './mutate.ts'
import { asOtherType, nastyKeys, nastyNumbers, nastyTexts } from './nasty-values.ts'
import type { Mode, Plan } from './plan.ts'

/**
 * The plan with one thing changed as the mode says.
 *
 * @param at which place, and `which` of the values to put there, both taken modulo what there is.
 * @param value for the modes that put any value.
 */
export function breakPlan(plan: Plan, mode: Mode, at: number, which: number, value: unknown): Plan {
  const text = nastyTexts[which % nastyTexts.length]!
  const key = nastyKeys[which % nastyKeys.length]!
  const onValue = (make: (value: unknown) => unknown): Plan => {
    if (plan.body?.kind === 'json') {
      return { ...plan, body: { kind: 'json', value: make(plan.body.value) } }
    }
    if (plan.body?.kind === 'upload') {
      const spec = JSON.stringify(make(JSON.parse(plan.body.spec))) ?? ''
      return { ...plan, body: { ...plan.body, spec } }
    }
    // What takes no body gets one.
    return plan.method === 'GET'
      ? withQuery(plan, at, text)
      : { ...plan, body: { kind: 'json', value: make({}) } }
  }
  switch (mode) {
    case 'valid':
      return plan
    case 'broken field':
      return onValue((body) => replaceAt(body, at, () => value))
    case 'other type':
      return onValue((body) => replaceAt(body, at, (former) => asOtherType(former, which)))
    case 'boundary':
      return onValue((body) =>
        replaceAt(body, at, (former) =>
          typeof former === 'string'
            ? 'x'.repeat([0, 1, 63, 64, 254, 255, 500, 501, 100_001][which % 9]!)
            : nastyNumbers[which % nastyNumbers.length],
        ),
      )
    case 'unicode':
      return onValue((body) => replaceAt(body, at, () => text))
    case 'missing':
      return onValue((body) => {
        const copy = structuredClone(body)
        const objects = objectsIn(copy)
        const object = objects[at % objects.length]
        const names = Object.keys(object ?? {})
        if (object && names.length > 0) delete object[names[which % names.length]!]
        return copy
      })
    case 'more keys':
      return onValue((body) => {
        const copy = structuredClone(body)
        const objects = objectsIn(copy)
        if (objects.length > 0) define(objects[at % objects.length]!, key, value)
        return copy
      })
    case 'deep':
      return onValue((body) =>
        replaceAt(body, at, (former) =>
          nest(former, 5 + (which % 60), ['', 'a', '$not', '$and'][at % 4]!),
        ),
      )
    case 'twice the key':
    case 'broken text': {
      const json = JSON.stringify(plan.body?.kind === 'json' ? plan.body.value : { name: 'x' })
      const broken = brokenTexts(json, mode === 'twice the key', which)
      return { ...plan, body: { kind: 'text', text: broken, contentType: 'application/json' } }
    }
    case 'content type': {
      const json = JSON.stringify(plan.body?.kind === 'json' ? plan.body.value : { name: 'x' })
      const contentType = contentTypes[which % contentTypes.length]!.type
      return { ...plan, body: { kind: 'text', text: json, contentType } }
    }
    case 'query':
      return withQuery(plan, at, text)
    case 'address':
      return { ...plan, path: brokenPath(plan.path, at, text) }
    case 'method':
      return {
        ...plan,
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'][which % 7]!,
      }
    case 'headers':
      return { ...plan, headers: { ...plan.headers, ...brokenHeader(at, which) } }
  }
}

function withQuery(plan: Plan, at: number, text: string): Plan {
  const names = [
    'filter',
    'sort',
    'fields',
    'expand',
    'limit',
    'cursor',
    'offset',
    'count',
    'deleted',
    'q',
    'entities',
    'page',
    '__proto__',
    'constructor',
    'filter[x]',
    '',
  ]
  const query = [...plan.query]
  const name =
    query.length > 0 && at % 2 === 0 ? query[at % query.length]![0] : names[at % names.length]!
  if (at % 3 === 0) query.push([name, text])
  else query.splice(0, query.length, ...query.filter(([known]) => known !== name), [name, text])
  return { ...plan, query }
}

function brokenPath(path: string, at: number, text: string): string {
  const parts = path.split('/')
  const encoded = encodeURIComponent(text.toWellFormed())
  const odd = [
    '%',
    '%00',
    '%2e%2e',
    '%c0%af',
    '..',
    '.',
    '%ff',
    '%2F',
    ';a=b',
    '*',
    ':id',
    '%25',
    '%E2%80%AE',
    '-',
    'a'.repeat(300),
    '__proto__',
    'constructor',
  ]
  const at1 = 1 + (at % (parts.length - 1))
  parts[at1] = at % 2 === 0 ? encoded : odd[at % odd.length]!
  return at % 5 === 0 ? `${path}/${parts[at1]}` : parts.join('/')
}

function brokenHeader(at: number, which: number): Record<string, string> {
  const values = [
    '',
    ' ',
    '"',
    '"1"',
    'W/"1"',
    '"1","2"',
    '*',
    '""',
    '1',
    '-1',
    '"99999999999999999999"',
    'x'.repeat(300),
    'draft',
    'null',
    '{}',
    'Bearer ',
    'Bearer rk_local_x',
    'Basic YTpi',
    '\u00ff',
    'gzip',
    'chunked',
    '0',
    'http://evil.test',
    'cross-site',
    '127.0.0.1, 10.0.0.1',
    'bytes=0-1',
    '100-continue',
  ]
  const names = [
    'if-match',
    'if-match',
    'idempotency-key',
    'x-runway-revision',
    'authorization',
    'accept',
    'accept-encoding',
    'content-encoding',
    'origin',
    'sec-fetch-site',
    'x-forwarded-for',
    'x-http-method-override',
    'range',
    'if-none-match',
    'host',
    'cookie',
    'x-request-id',
    'content-language',
  ]
  return { [names[at % names.length]!]: values[which % values.length]! }
}
