import type { RoleDefinition } from '@runwaycrm/sdk'

/**
 * What a principal may do, worked out from the definitions of roles in plain JavaScript. It shares no line
 * with the product: no CASL, no query compiler, no operator table.
 */
export type Operation = 'create' | 'read' | 'update' | 'delete' | 'restore'
export type Facts = Readonly<Record<string, unknown>>

/** What the oracle needs to know of the model and of the records as they are. */
export interface OracleWorld {
  /** By reference. */
  readonly entities: ReadonlyMap<string, OracleEntity>
  /** A living record, whoever asks. */
  find(entity: string, id: string): Facts | undefined
  /** All living records of an entity. */
  all(entity: string): Iterable<Facts>
}
export interface OracleEntity {
  readonly plural: string
  /** What owners may do with what is theirs alone; null where roles decide. */
  readonly own: readonly Operation[] | null
  /** Who reads it besides, by fields that name a member; null for nobody. */
  readonly shownTo: { readonly members: readonly string[]; readonly admins: boolean } | null
  /** The fields by which owners share what is theirs; null where roles alone decide. */
  readonly audience: { readonly shared: string; readonly roles: string } | null
  /** By API name. */
  readonly fields: ReadonlyMap<
    string,
    {
      readonly key: string
      readonly target: string | null
      /** A list of ids, of which those are shown that lead to something. */
      readonly many: boolean
      readonly template: string | null
      readonly computation: Computation | null
    }
  >
}
/** Of the computed fields that the suites make: texts joined, a value looked up, records counted. */
export type Computation =
  | { readonly by: 'formula'; readonly joined: readonly string[] }
  | { readonly by: 'lookup'; readonly through: string; readonly field: string }
  | {
      readonly by: 'rollup'
      readonly from: string
      readonly through: string
      /** The field whose highest value it is, instead of the number of records. */
      readonly most?: string
    }

export interface Someone {
  readonly userId: string | null
  readonly teammates: readonly string[]
  readonly roles: readonly RoleDefinition[]
  /** Null is no limit but the roles'. */
  readonly scopes: readonly string[] | null
}

export interface Oracle {
  /** On this record, or on this field of it. */
  may(operation: Operation, entity: string, record: Facts, field?: string): boolean
  /** On any record there could be: false means that it does not exist for them. */
  ever(operation: Operation, entity: string, field?: string): boolean
  /** Whether the key's scopes are what is in the way. */
  lacksScope(operation: Operation, entity: string): boolean
  allows(permission: string): boolean
  /** The value as they may see it; undefined when it is hidden. */
  shown(entity: string, record: Facts, field: string): unknown
}

export function createOracle(world: OracleWorld, someone: Someone): Oracle {
  const rules = someone.roles.flatMap((role) => Object.values(role.rules))
  const permissions = someone.roles.flatMap((role) => role.permissions ?? [])

  function speaking(operation: Operation, entity: string, field: string | undefined) {
    const { own = null, shownTo = null } = world.entities.get(entity) ?? {}
    if (own) {
      const isGivingAway = operation === 'update' && field === 'ownerId'
      const owners = own.includes(operation) && !isGivingAway ? [ownersOwn(entity, own)] : []
      return operation === 'read' && shownTo ? [...owners, ...readers(entity, shownTo)] : owners
    }
    const key = field && world.entities.get(entity)?.fields.get(field)?.key
    return rules.filter((rule) => {
      if (rule.entity !== '*' && rule.entity !== entity) return false
      if (!rule.operations.some((one) => one === 'manage' || one === operation)) return false
      if (!rule.fields) return true
      // What denies a field says nothing of the record; what allows one allows the record too.
      if (field === undefined) return rule.effect !== 'deny'
      return rule.fields.some((name) => name === field || name === key)
    })
  }

  /** Roles are named by references, which no value of the suites is. */
  function readers(
    entity: string,
    { members, admins }: NonNullable<OracleEntity['shownTo']>,
  ): RoleDefinition['rules'][string][] {
    const read = { entity, operations: ['read' as const] }
    if (admins && someone.roles.some(({ admin }) => admin)) return [read]
    return members.map((key) => ({ ...read, condition: { [`${key}Id`]: '@me' } }))
  }

  function holds(rule: RoleDefinition['rules'][string], entity: string, record: Facts): boolean {
    const { ownerId = null } = record
    if (rule.scope === 'own' && (ownerId === null || ownerId !== someone.userId)) return false
    if (rule.scope === 'team' && !someone.teammates.includes(String(ownerId))) return false
    return rule.condition === undefined || meets(rule.condition as Facts, entity, record)
  }

  function meets(condition: Facts, entity: string, record: Facts): boolean {
    return Object.entries(condition).every(([name, wanted]) => {
      const list = wanted as readonly Facts[]
      if (name === '$and') return list.every((one) => meets(one, entity, record))
      if (name === '$or') return list.some((one) => meets(one, entity, record))
      if (name === '$not') return !meets(wanted as Facts, entity, record)
      return matches(valueAt(name, entity, record), wanted)
    })
  }

  function valueAt(path: string, entity: string, record: Facts): unknown {
    const [first, ...rest] = path.split('.') as [string, ...string[]]
    const field = world.entities.get(entity)?.fields.get(`${first}Id`)
    if (rest.length === 0 || !field?.target) return plainValue(record[first], rest[0])
    const id = record[`${first}Id`]
    const target = typeof id === 'string' ? world.find(field.target, id) : undefined
    return target ? valueAt(rest.join('.'), field.target, target) : null
  }

  function matches(value: unknown, wanted: unknown): boolean {
    if (typeof wanted !== 'object' || wanted === null) return equals(value, wanted)
    return Object.entries(wanted).every(([operator, operand]) => {
      switch (operator) {
        case '$eq':
          return equals(value, operand)
        case '$ne':
          return !equals(value, operand)
        case '$in':
          return (operand as unknown[]).some((one) => equals(value, one))
        case '$nin':
          return !(operand as unknown[]).some((one) => equals(value, one))
        case '$exists':
          return (value !== null) === operand
        case '$not':
          return !matches(value, operand)
        case '$gt':
        case '$gte':
        case '$lt':
        case '$lte':
          return value !== null && ordered(operator, value as number, operand as number)
        case '$contains':
          return contains(value, String(operand))
        default:
          throw new Error(`The oracle does not know ${operator}.`)
      }
    })
  }

  function equals(value: unknown, operand: unknown): boolean {
    if (operand === '@me') return someone.userId !== null && value === someone.userId
    if (operand === '@team') return someone.teammates.includes(String(value))
    return value === operand
  }

  function lacksScope(operation: Operation, entity: string): boolean {
    if (someone.scopes === null) return false
    const right = operation === 'read' ? 'read' : 'write'
    const { plural } = world.entities.get(entity)!
    return !someone.scopes.includes(`${plural}:${right}`) && !someone.scopes.includes(`*:${right}`)
  }

  function isKept(operation: Operation, entity: string, record: Facts): boolean {
    const { audience = null } = world.entities.get(entity) ?? {}
    if (!audience || operation === 'create') return false
    if (someone.roles.some(({ admin }) => admin)) return false
    const { ownerId = null } = record
    const isMine = ownerId !== null && ownerId === someone.userId
    return (
      !isMine && !(record[audience.shared] === true && (record[audience.roles] ?? null) === null)
    )
  }

  function decided(operation: Operation, entity: string, record: Facts, field?: string): boolean {
    if (isKept(operation, entity, record)) return false
    const about = speaking(operation, entity, field).filter((rule) => holds(rule, entity, record))
    return (
      about.some((rule) => rule.effect !== 'deny') && !about.some((rule) => rule.effect === 'deny')
    )
  }

  function may(operation: Operation, entity: string, record: Facts, field?: string): boolean {
    if (lacksScope(operation, entity) || !decided(operation, entity, record)) return false
    if (operation !== 'read' && field !== undefined && keptBySystem.includes(field)) return false
    if (field === undefined || field === 'id' || field === 'version') return true
    return decided(operation, entity, record, field)
  }

  function ever(operation: Operation, entity: string, field?: string): boolean {
    if (lacksScope(operation, entity)) return false
    const about = speaking(
      operation,
      entity,
      field === 'id' || field === 'version' ? undefined : field,
    )
    const isPlain = (rule: (typeof about)[number]) =>
      rule.condition === undefined && (rule.scope ?? 'all') === 'all'
    if (about.some((rule) => rule.effect === 'deny' && isPlain(rule))) return false
    return about.some((rule) => rule.effect !== 'deny')
  }

  function shown(entity: string, record: Facts, field: string): unknown {
    if (!may('read', entity, record, field)) return undefined
    const { fields } = world.entities.get(entity)!
    const computation = fields.get(field)?.computation ?? null
    if (computation) return computed(computation, entity, record)
    const { many, target } = fields.get(field) ?? {}
    if (many && target) {
      const ids = (record[field] ?? []) as readonly string[]
      return ids.filter((id) => {
        const found = world.find(target, id)
        return found !== undefined && may('read', target, found)
      })
    }
    const template = fields.get(field)?.template ?? null
    if (template === null) return record[field] ?? null
    // A composed text is put together from what its reader sees.
    const text = template.replace(/\{(\w+)\}/g, (_, key: string) => {
      const part = [...fields].find(([name, one]) => name === key || one.key === key)?.[0]
      return part === undefined ? '' : String(shown(entity, record, part) ?? '')
    })
    return text.replace(/\s+/g, ' ').trim() || null
  }

  /** Of what its reader sees of the parts. */
  function computed(computation: Computation, entity: string, record: Facts): unknown {
    if (computation.by === 'lookup') {
      return through(entity, record, computation.through, computation.field)
    }
    if (computation.by === 'rollup') {
      const { from, most } = computation
      const children = [...world.all(from)].filter(
        (child) =>
          may('read', from, child) && shown(from, child, computation.through) === record['id'],
      )
      if (most === undefined) return children.length
      const values = children.flatMap((child) => (shown(from, child, most) as string | null) ?? [])
      return values.sort().at(-1) ?? null
    }
    const texts = computation.joined.map((part) => {
      if (part.startsWith('"')) return part.slice(1, -1)
      const [first = '', second] = part.split('.')
      if (second === undefined) return shown(entity, record, first) ?? ''
      return through(entity, record, `${first}Id`, second) ?? ''
    })
    return texts.join('') || null
  }

  function through(entity: string, record: Facts, relation: string, field: string): unknown {
    const target = world.entities.get(entity)!.fields.get(relation)?.target
    const id = shown(entity, record, relation)
    const found = target && typeof id === 'string' ? world.find(target, id) : undefined
    return target && found && may('read', target, found)
      ? (shown(target, found, field) ?? null)
      : null
  }

  return {
    may,
    ever,
    lacksScope,
    shown,
    allows: (permission) =>
      covers(permissions, permission) &&
      (someone.scopes === null || covers(someone.scopes, permission)),
  }
}

function ownersOwn(
  entity: string,
  operations: readonly Operation[],
): RoleDefinition['rules'][string] {
  return { entity, operations: [...operations], scope: 'own' }
}

/** Written by nobody: of what every record has, the owner alone is a person's to set. */
const keptBySystem = ['id', 'version', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy']

function covers(granted: readonly string[], wanted: string): boolean {
  const [area] = wanted.split(':')
  return granted.includes(wanted) || granted.includes(`${area}:*`) || granted.includes('*')
}

/** Money compares by its amount, or by the part that is asked for. */
function plainValue(value: unknown, part?: string): unknown {
  if (part !== undefined) return (value as Facts | null | undefined)?.[part] ?? null
  if (typeof value === 'object' && value !== null && 'amount' in value) return Number(value.amount)
  return value ?? null
}

function ordered(operator: string, value: number | string, operand: number | string): boolean {
  if (operator === '$gt') return value > operand
  if (operator === '$gte') return value >= operand
  if (operator === '$lt') return value < operand
  return value <= operand
}

function contains(value: unknown, text: string): boolean {
  if (Array.isArray(value)) return value.includes(text)
  return typeof value === 'string' && value.toLowerCase().includes(text.toLowerCase())
}
