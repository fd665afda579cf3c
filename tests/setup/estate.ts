/** An estate agency as its admin describes it in the studio, and the properties that it brings along. */

export const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'street',
  fields: {
    street: { type: 'text', required: true },
    city: { type: 'text', indexed: true },
    reference: { type: 'text', unique: true },
    area: { type: 'number' },
    price: { type: 'currency', indexed: true },
    rooms: { type: 'text' },
    status: {
      type: 'select',
      options: { listed: { label: 'Listed' }, reserved: {}, sold: {}, withdrawn: {} },
    },
    agent: { type: 'user' },
    photos: { type: 'images' },
    position: { type: 'geo' },
    pricePerMetre: { type: 'formula', formula: 'round(price / area, 2)' },
    agentPhone: { type: 'lookup', lookup: { through: 'agent', field: 'phone' } },
    viewings: {
      type: 'rollup',
      rollup: { from: 't:viewing', through: 'property', measure: { count: '*' } },
    },
  },
}

export const viewing = {
  label: 'Viewing',
  labelPlural: 'Viewings',
  plural: 'viewings',
  titleField: 'feedback',
  fields: {
    property: { type: 'relation', to: 't:property' },
    visitor: { type: 'relation', to: 'crm.contacts:contact' },
    at: { type: 'dateTime' },
    feedback: { type: 'text' },
  },
}

export const duplicates = {
  entity: 't:property',
  threshold: 60,
  fields: {
    street: { compare: 'similar', weight: 50, least: 0.7 },
    city: { compare: 'exact', weight: 30 },
  },
}

/** A property as plain JavaScript knows it. */
export interface Home {
  readonly street: string
  readonly city: string
  readonly reference: string
  /** 0 where nobody has measured. */
  readonly area: number
  /** Whole euros. */
  readonly price: number
  readonly rooms: string
  readonly status: string
  /** Email of a member; blank for none. */
  readonly agent: string
  readonly lat: number
  readonly lng: number
}

const cities = ['Oslo', 'Bergen', 'Trondheim', 'Stavanger', 'Tromsø', 'Ålesund', 'Molde']
const names = ['Kirke', 'Storgata', 'Fjordveien', 'Skole', 'Havne', 'Bjørke', 'Solbakken', 'Elve']
const states = ['listed', 'reserved', 'sold', 'withdrawn']

/** @param agents emails. */
export function homes(count: number, agents: readonly string[]): Home[] {
  return Array.from({ length: count }, (_, i) => {
    const n = Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 0
    return {
      street: `${names[n % 8]} ${1 + (i % 997)}`,
      city: cities[(n >>> 3) % 7]!,
      reference: `EST-${i}`,
      area: i % 50 === 0 ? 0 : 20 + (n % 300),
      price: 100_000 + (n % 900_000),
      rooms: i % 100 === 99 ? 'n/a' : String(1 + (n % 6)),
      status: states[(n >>> 5) % 4]!,
      agent: agents[i % (agents.length + 1)] ?? '',
      lat: 58 + (n % 1000) / 100,
      lng: 5 + (n % 777) / 100,
    }
  })
}

export const columns = {
  Street: 'street',
  City: 'city',
  Reference: 'reference',
  Area: 'area',
  Price: 'price',
  Rooms: 'rooms',
  Status: 'status',
  Agent: { field: 'agentId', relation: { by: 'email' } },
  Place: 'position',
}

export function csvOf(list: readonly Home[]): string {
  const lines = list.map((home) =>
    [
      home.street,
      home.city,
      home.reference,
      home.area,
      home.price,
      home.rooms,
      home.status,
      home.agent,
      `"${home.lat}, ${home.lng}"`,
    ].join(','),
  )
  return `${Object.keys(columns).join(',')}\n${lines.join('\n')}\n`
}
