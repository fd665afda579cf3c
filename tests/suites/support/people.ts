import type { RoleDefinition } from '@runwaycrm/sdk'
import type { Caller, TestApp } from '../../setup/test-app.ts'
import { callerWith } from './caller.ts'
import { createOracle, type Oracle, type OracleWorld } from './oracle.ts'
import { succeed } from './own-layer.ts'
import type { World } from './world.ts'

/** Somebody whose rights are compared with what the oracle says. */
export interface Person {
  readonly name: string
  readonly caller: Caller
  readonly userId: string | null
  readonly roles: readonly string[]
  readonly scopes: readonly string[] | null
  readonly oracle: Oracle
}

/** Roles as written in the model. */
type Roles = ReadonlyMap<string, { readonly definition: RoleDefinition }>

export function createPeople(app: TestApp, world: World, facts: OracleWorld, roles: Roles) {
  const definitions = (refs: readonly string[]) => refs.map((ref) => roles.get(ref)!.definition)

  /** A member with a session, perhaps in a team. */
  async function member(
    name: string,
    refs: readonly string[],
    { userId, teammates }: { userId: string; teammates: readonly string[] },
  ): Promise<Person> {
    const { caller } = await world.openSession(userId)
    const someone = { userId, teammates, roles: definitions(refs), scopes: null }
    return { name, caller, userId, roles: refs, scopes: null, oracle: createOracle(facts, someone) }
  }

  async function key(name: string, ref: string, scopes: readonly string[] | null): Promise<Person> {
    const made = await app.house.accounts.createKey(world.orgId, { name, role: ref, scopes })
    const headers = { authorization: `Bearer ${made.key}` }
    const caller = callerWith(app, world.orgId, world.slug, headers)
    const someone = { userId: null, teammates: [], roles: definitions([ref]), scopes }
    return {
      name,
      caller,
      userId: null,
      roles: [ref],
      scopes,
      oracle: createOracle(facts, someone),
    }
  }

  /** The record of a member who has these roles. */
  async function hire(name: string, refs: readonly string[], teamId: string | null = null) {
    const body = { name, email: `${name}@people.example.test`, roles: refs, teamId, active: true }
    return (await succeed<{ id: string }>(world.key.call('POST', '/users', body))).id
  }

  return { member, key, hire }
}
