import type { Seeded } from '../../../kernel/records/testing/seeded.ts'

/** Values of one row by the name of the field. */
export type Row = Readonly<Record<string, Value>>
export type Value = string | number | boolean | null
type Kind = 'text' | 'number' | 'boolean' | 'date'

/** A formula as text, and what plain JavaScript makes of it; null for dates, which it does not judge. */
export interface MadeFormula {
  readonly source: string
  readonly kind: Kind
  readonly judge: ((row: Row) => Value) | null
}

/** A formula of the grammar that is right in every place. */
export function makeFormula(random: Seeded, depth: number, kind?: Kind): MadeFormula {
  const wanted = kind ?? random.pick(['text', 'number', 'boolean', 'date'] as const)
  if (depth <= 0) return leaf(random, wanted)
  return random.pick(makers[wanted])(random, (of) => makeFormula(random, depth - 1, of))
}

type Inner = (kind: Kind) => MadeFormula
type Maker = (random: Seeded, inner: Inner) => MadeFormula

function leaf(random: Seeded, kind: Kind): MadeFormula {
  if (kind === 'date') {
    const source = random.pick([
      'day',
      'moment',
      'today()',
      'now()',
      'date("2026-02-28")',
      'date(name)',
    ])
    return { source, kind, judge: null }
  }
  const [source, judge] = random.pick(leaves[kind])
  return { source, kind, judge }
}

const constant = (value: Value) => () => value
const leaves: Readonly<
  Record<Exclude<Kind, 'date'>, readonly (readonly [string, (row: Row) => Value])[]>
> = {
  text: [
    ['name', (row) => row['name'] ?? null],
    ['code', (row) => row['code'] ?? null],
    ['"A b"', constant('A b')],
    ["'it''s'", constant("it's")],
    ['""', constant('')],
    ['"\\$1%"', constant('\\$1%')],
    ['null', constant(null)],
  ],
  number: [
    ['price', (row) => bounded(row['price'] as number | null)],
    ['area', (row) => bounded(row['area'] as number | null)],
    ['0', constant(0)],
    ['2.5', constant(2.5)],
    ['1e140', constant(1e140)],
    ['1e-140', constant(1e-140)],
    ['3', constant(3)],
    ['null', constant(null)],
  ],
  boolean: [
    ['isOpen', (row) => row['isOpen'] ?? null],
    ['true', constant(true)],
    ['false', constant(false)],
  ],
}

/** Numbers of formulas: none beyond 1e140, none nearer to zero than 1e-140. */
export function bounded(value: number | null): number | null {
  if (value === null || Number.isNaN(value) || Math.abs(value) > 1e140) return null
  return Math.abs(value) < 1e-140 ? 0 : value + 0
}

function call(
  kind: Kind,
  source: string,
  parts: readonly MadeFormula[],
  work: (...values: never[]) => Value,
): MadeFormula {
  const judges = parts.map((part) => part.judge)
  const judge = judges.includes(null)
    ? null
    : (row: Row) => work(...(judges.map((one) => one!(row)) as never[]))
  return { source, kind, judge }
}

/** Blank when one of them is. */
const strict =
  <T extends readonly unknown[]>(work: (...values: T) => Value) =>
  (...values: T): Value =>
    values.includes(null) ? null : work(...values)

const sign =
  (kind: Kind, of: Kind, name: string, work: (...values: never[]) => Value): Maker =>
  (_, inner) => {
    const [a, b] = [inner(of), inner(of)]
    return call(kind, `(${a.source}) ${name} (${b.source})`, [a, b], work)
  }

const named =
  (kind: Kind, name: string, of: readonly Kind[], work: (...values: never[]) => Value): Maker =>
  (_, inner) => {
    const parts = of.map(inner)
    const source = `${name}(${parts.map((part) => part.source).join(', ')})`
    return call(kind, source, parts, work)
  }

const points = (text: string) => [...text]
const whole = (value: number) => Math.min(Math.max(Math.trunc(value), 0), 10_000)
const clipped = (text: string) => points(text).slice(0, 10_000).join('')
const maths = (work: (a: number, b: number) => number) =>
  strict((a: number, b: number) => bounded(work(a, b))) as (...values: never[]) => Value
const isTrue = (value: unknown) => value === true

const ifs =
  (kind: Kind): Maker =>
  (_, inner) => {
    const parts = [inner('boolean'), inner(kind), inner(kind)] as const
    const source = `if(${parts.map((part) => part.source).join(', ')})`
    return call(kind, source, parts, ((test: Value, yes: Value, no: Value) =>
      isTrue(test) ? yes : no) as never)
  }
const coalesced =
  (kind: Kind): Maker =>
  (_, inner) => {
    const parts = [inner(kind), inner(kind)] as const
    const source = `coalesce(${parts[0].source}, ${parts[1].source})`
    return call(kind, source, parts, ((a: Value, b: Value) => a ?? b) as never)
  }

function modulo(a: number, b: number): number {
  if (b === 0 || Math.abs(a / b) > 1e15) return Number.NaN
  return a - b * Math.trunc(a / b)
}

/** A number as PostgreSQL writes it. */
export function numberText(value: number): string {
  const [, exponent = '0'] = value.toExponential().split('e')
  if (Number(exponent) >= -4 && Number(exponent) < 15) return String(value)
  const [digits = '', power = '0'] = value.toExponential().split('e')
  const size = String(Math.abs(Number(power))).padStart(2, '0')
  return `${digits}e${Number(power) < 0 ? '-' : '+'}${size}`
}

const byPoints = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
const unjudged = (kind: Kind, source: string): MadeFormula => ({ source, kind, judge: null })

const makers: Readonly<Record<Kind, readonly Maker[]>> = {
  number: [
    sign(
      'number',
      'number',
      '+',
      maths((a, b) => a + b),
    ),
    sign(
      'number',
      'number',
      '-',
      maths((a, b) => a - b),
    ),
    sign(
      'number',
      'number',
      '*',
      maths((a, b) => a * b),
    ),
    sign(
      'number',
      'number',
      '/',
      maths((a, b) => (b === 0 ? Number.NaN : a / b)),
    ),
    sign('number', 'number', '%', maths(modulo)),
    named('number', 'abs', ['number'], strict((a: number) => Math.abs(a)) as never),
    named('number', 'floor', ['number'], strict((a: number) => Math.floor(a)) as never),
    named('number', 'ceil', ['number'], strict((a: number) => Math.ceil(a)) as never),
    named('number', 'min', ['number', 'number'], ((a: number | null, b: number | null) =>
      a === null ? b : b === null ? a : Math.min(a, b)) as never),
    named('number', 'max', ['number', 'number'], ((a: number | null, b: number | null) =>
      a === null ? b : b === null ? a : Math.max(a, b)) as never),
    named('number', 'len', ['text'], strict((text: string) => points(text).length) as never),
    (_, inner) => {
      const a = inner('number')
      return call('number', `-(${a.source})`, [a], strict((value: number) => -value) as never)
    },
    ifs('number'),
    coalesced('number'),
    (random, inner) => {
      const name = random.pick(['sqrt', 'exp', 'ln', 'log', 'sign', 'trunc', 'round', 'number'])
      return unjudged('number', `${name}(${inner('number').source})`)
    },
    (_, inner) => unjudged('number', `power(${inner('number').source}, ${inner('number').source})`),
    (_, inner) => unjudged('number', `round(${inner('number').source}, ${inner('number').source})`),
    (_, inner) => unjudged('number', `number(${inner('text').source})`),
    (random, inner) => {
      const name = random.pick([
        'year',
        'quarter',
        'month',
        'week',
        'day',
        'weekday',
        'hour',
        'minute',
      ])
      return unjudged('number', `${name}(${inner('date').source})`)
    },
    (random, inner) => {
      const unit = random.pick(['d', 'w', 'm', 'y'])
      return unjudged(
        'number',
        `date_diff(${inner('date').source}, ${inner('date').source}, "${unit}")`,
      )
    },
  ],
  text: [
    (_, inner) => {
      const [a, b] = [inner('text'), inner('number')]
      return call('text', `(${a.source}) & (${b.source})`, [a, b], ((
        text: string | null,
        n: number | null,
      ) => clipped((text ?? '') + (n === null ? '' : numberText(n)))) as never)
    },
    named('text', 'concat', ['text', 'text', 'text'], ((...texts: (string | null)[]) =>
      clipped(texts.map((text) => text ?? '').join(''))) as never),
    named('text', 'upper', ['text'], strict((text: string) => text.toUpperCase()) as never),
    named('text', 'lower', ['text'], strict((text: string) => text.toLowerCase()) as never),
    named(
      'text',
      'trim',
      ['text'],
      strict((text: string) => text.replace(/^ +| +$/g, '')) as never,
    ),
    named(
      'text',
      'reverse',
      ['text'],
      strict((text: string) => points(text).reverse().join('')) as never,
    ),
    named(
      'text',
      'left',
      ['text', 'number'],
      strict((text: string, n: number) => points(text).slice(0, whole(n)).join('')) as never,
    ),
    named(
      'text',
      'right',
      ['text', 'number'],
      strict((text: string, n: number) =>
        whole(n) === 0 ? '' : points(text).slice(-whole(n)).join(''),
      ) as never,
    ),
    named(
      'text',
      'mid',
      ['text', 'number', 'number'],
      strict((text: string, from: number, n: number) => {
        const start = Math.max(Math.trunc(from), 1) - 1
        return points(text)
          .slice(start, start + whole(n))
          .join('')
      }) as never,
    ),
    ifs('text'),
    coalesced('text'),
    (_, inner) =>
      unjudged(
        'text',
        `replace(${inner('text').source}, ${inner('text').source}, ${inner('text').source})`,
      ),
    (_, inner) =>
      unjudged(
        'text',
        `split_part(${inner('text').source}, ${inner('text').source}, ${inner('number').source})`,
      ),
    (_, inner) => unjudged('text', `pad_left(${inner('text').source}, ${inner('number').source})`),
    (_, inner) =>
      unjudged('text', `text(${inner('date').source}) & capitalize(${inner('text').source})`),
    (_, inner) =>
      unjudged(
        'text',
        `switch(${inner('number').source}, 1, "a", 0, ${inner('text').source}, "c")`,
      ),
  ],
  boolean: [
    sign('boolean', 'number', '=', ((a: Value, b: Value) => a === b) as never),
    sign('boolean', 'text', '=', ((a: Value, b: Value) => a === b) as never),
    sign('boolean', 'text', '!=', ((a: Value, b: Value) => a !== b) as never),
    sign(
      'boolean',
      'number',
      '<',
      ((a: number | null, b: number | null) => a !== null && b !== null && a < b) as never,
    ),
    sign(
      'boolean',
      'number',
      '>=',
      ((a: number | null, b: number | null) => a !== null && b !== null && a >= b) as never,
    ),
    sign(
      'boolean',
      'text',
      '<',
      ((a: string | null, b: string | null) =>
        a !== null && b !== null && byPoints(a, b) < 0) as never,
    ),
    sign('boolean', 'boolean', 'and', ((a: Value, b: Value) => isTrue(a) && isTrue(b)) as never),
    sign('boolean', 'boolean', 'or', ((a: Value, b: Value) => isTrue(a) || isTrue(b)) as never),
    (_, inner) => {
      const a = inner('boolean')
      return call('boolean', `not (${a.source})`, [a], ((value: Value) => !isTrue(value)) as never)
    },
    named(
      'boolean',
      'contains',
      ['text', 'text'],
      strict((text: string, part: string) =>
        text.toLowerCase().includes(part.toLowerCase()),
      ) as never,
    ),
    named(
      'boolean',
      'is_blank',
      ['text'],
      ((text: string | null) => text === null || text === '') as never,
    ),
    ifs('boolean'),
    (_, inner) => unjudged('boolean', `(${inner('date').source}) < (${inner('date').source})`),
    (_, inner) => unjudged('boolean', `contains(tags, ${inner('text').source})`),
    (_, inner) => unjudged('boolean', `is_number(${inner('text').source})`),
  ],
  date: [
    (random, inner) =>
      unjudged(
        'date',
        `date_add(${inner('date').source}, ${inner('number').source}, "${random.pick(['d', 'w', 'm', 'y'])}")`,
      ),
    (_, inner) => unjudged('date', `date_add(moment, ${inner('number').source}, "h")`),
    (random, inner) =>
      unjudged(
        'date',
        `${random.pick(['start_of', 'end_of'])}(${inner('date').source}, "${random.pick(['d', 'w', 'm', 'q', 'y'])}")`,
      ),
    (_, inner) => unjudged('date', `(${inner('date').source}) + (${inner('number').source})`),
    (_, inner) =>
      unjudged(
        'date',
        `date_of(${inner('number').source}, ${inner('number').source}, ${inner('number').source})`,
      ),
    (_, inner) => unjudged('date', `max(${inner('date').source}, ${inner('date').source})`),
    ifs('date'),
  ],
}
