/** CSV files in the shape of a real sales pipeline, misspellings included, made from a fixed seed. */
export interface PipelineFiles {
  readonly accounts: string
  readonly products: string
  readonly people: string
  readonly opportunities: string
  readonly facts: {
    readonly accounts: number
    readonly children: number
    readonly products: number
    readonly people: number
    readonly offices: number
    readonly opportunities: number
    readonly withAccount: number
    readonly byStage: Readonly<Record<'won' | 'lost' | 'engaging' | 'prospecting', number>>
    readonly wonValue: number
  }
}

const sectors = ['technolgy', 'medical', 'retail', 'software', 'finance']
const products = [
  ['GTX Basic', 'GTX', 550],
  ['GTX Pro', 'GTX', 4821],
  ['GTX Plus Basic', 'GTX', 1096],
  ['MG Special', 'MG', 55],
] as const
const stages = ['Won', 'Lost', 'Engaging', 'Prospecting'] as const

/** @param size how many opportunities. */
export function pipelineFiles(size: number): PipelineFiles {
  const random = seeded(20_261_125)
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!
  const names = Array.from({ length: 20 }, (_, i) => `Company ${String.fromCharCode(65 + i)}`)
  const accounts = names.map((name, i) => [
    name,
    pick(sectors),
    String(1980 + i),
    (random() * 5000).toFixed(2),
    String(100 + i * 7),
    'United States',
    i >= 15 ? names[i - 15]! : '',
  ])
  const managers = ['Dana Cole', 'Evan Stone', 'Faye Lund']
  const offices = ['Central', 'East', 'West']
  const people = Array.from({ length: 9 }, (_, i) => [
    `Seller ${String.fromCharCode(65 + i)}`,
    managers[i % 3]!,
    offices[i % 3]!,
  ])
  const byStage = { won: 0, lost: 0, engaging: 0, prospecting: 0 }
  let withAccount = 0
  let wonValue = 0
  const rows = Array.from({ length: size }, (_, i) => {
    const stage = stages[i % 10 < 5 ? 0 : i % 10 < 8 ? 1 : i % 10 < 9 ? 2 : 3]
    const account = random() < 0.84 ? pick(names) : ''
    const product = pick(products)[0]
    const value = stage === 'Won' ? Math.round(random() * 6000) + 40 : 0
    byStage[stage.toLowerCase() as keyof typeof byStage]++
    if (account) withAccount++
    wonValue += value
    const engaged = stage === 'Prospecting' ? '' : `2017-0${1 + (i % 9)}-1${i % 10}`
    const closed = stage === 'Won' || stage === 'Lost' ? `2017-1${i % 3}-0${1 + (i % 9)}` : ''
    const amount = closed ? String(value) : ''
    return [
      `OPP${String(i).padStart(5, '0')}`,
      people[i % people.length]![0]!,
      product === 'GTX Pro' ? 'GTXPro' : product,
      account,
      stage,
      engaged,
      closed,
      amount,
    ]
  })
  return {
    accounts: csv(
      [
        'account',
        'sector',
        'year_established',
        'revenue',
        'employees',
        'office_location',
        'subsidiary_of',
      ],
      accounts,
    ),
    products: csv(
      ['product', 'series', 'sales_price'],
      products.map((row) => row.map(String)),
    ),
    people: csv(['sales_agent', 'manager', 'regional_office'], people),
    opportunities: csv(
      [
        'opportunity_id',
        'sales_agent',
        'product',
        'account',
        'deal_stage',
        'engage_date',
        'close_date',
        'close_value',
      ],
      rows,
    ),
    facts: {
      accounts: names.length,
      children: 5,
      products: products.length,
      people: people.length + managers.length,
      offices: offices.length,
      opportunities: size,
      withAccount,
      byStage,
      wonValue,
    },
  }
}

function csv(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, ...rows].map((row) => row.join(',')).join('\n')
}

/** Mulberry32. @returns numbers in [0, 1). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
