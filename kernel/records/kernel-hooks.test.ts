import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import { codeOf, issuesOf } from './testing/record-helpers.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
} from './testing/records-fixture.ts'

let fixture: RecordsFixture
beforeAll(async () => {
  fixture = await openFixture()
})
afterAll(() => fixture.close())

const users = entityOf('users')
const adminRole = 'platform.people:admin'
let orgId: string
let system: RequestContext
let admin: { id: string }
let asAdmin: RequestContext
beforeEach(async () => {
  orgId = newOrgId()
  system = contextFor({ orgId })
  admin = await fixture.writer.create(system, users, {
    name: 'Ann',
    email: 'Ann@Example.com',
    roles: [adminRole],
  })
  asAdmin = contextFor({ orgId, userId: admin.id, roles: [adminRole] })
})

describe('members', () => {
  it('have an email in lower case that nobody else has, and roles that exist', async () => {
    const { writer } = fixture
    expect(admin).toMatchObject({ email: 'ann@example.com', active: true })
    const twin = writer.create(asAdmin, users, { name: 'Bea', email: 'ANN@example.com' })
    await expect(twin).rejects.toMatchObject({ code: 'UNIQUE_TAKEN', extra: { field: 'email' } })
    const ghost = writer.create(asAdmin, users, { name: 'Bea', roles: ['platform.people:ghost'] })
    expect(await issuesOf(ghost)).toEqual(['roles UNKNOWN_OPTION'])
  })

  it('are changed by those who manage members; everybody else changes their own profile', async () => {
    const { writer } = fixture
    const rep = await writer.create(asAdmin, users, { name: 'Rob', roles: ['platform.people:rep'] })
    const rules = { all: { operations: ['manage'], entity: '*' } }
    const asRep = contextFor({ orgId, userId: rep.id, rules })
    expect(await codeOf(writer.create(asRep, users, { name: 'X' }))).toBe('FORBIDDEN')
    expect(await codeOf(writer.update(asRep, users, admin.id, { name: 'X' }))).toBe('FORBIDDEN')
    expect(await codeOf(writer.delete(asRep, users, admin.id))).toBe('FORBIDDEN')
    expect(await codeOf(writer.update(asRep, users, rep.id, { roles: [adminRole] }))).toBe(
      'FORBIDDEN',
    )
    expect(await codeOf(writer.update(asRep, users, rep.id, { active: false }))).toBe('FORBIDDEN')
    expect(await writer.update(asRep, users, rep.id, { title: 'Rep' })).toMatchObject({
      title: 'Rep',
    })
    expect(await codeOf(writer.create(asRep, entityOf('teams'), { name: 'T' }))).toBe('FORBIDDEN')
    expect(await writer.create(asAdmin, entityOf('teams'), { name: 'T' })).toBeTruthy()
  })

  it('are missing for those who may not see them, whatever they try', async () => {
    const { writer } = fixture
    const rules = {
      some: { operations: ['read'], entity: '*', condition: { name: 'Nobody' } },
      all: { operations: ['update', 'delete'], entity: '*' },
    }
    const asRep = contextFor({ orgId, userId: newOrgId(), rules })
    for (const id of [admin.id, newOrgId()]) {
      expect(await codeOf(writer.update(asRep, users, id, { name: 'X' }))).toBe('NOT_FOUND')
      expect(await codeOf(writer.delete(asRep, users, id))).toBe('NOT_FOUND')
    }
  })
})

describe('the last admin', () => {
  it('stays: not deleted, not deactivated, not without the role', async () => {
    const { writer } = fixture
    const attempts = [
      () => writer.delete(asAdmin, users, admin.id),
      () => writer.update(asAdmin, users, admin.id, { active: false }),
      () => writer.update(asAdmin, users, admin.id, { roles: ['platform.people:rep'] }),
      () => writer.update(asAdmin, users, admin.id, { roles: null }),
      () => writer.bulk(asAdmin, users, { delete: [{ id: admin.id }] }),
    ]
    for (const attempt of attempts) expect(await codeOf(attempt())).toBe('LAST_ADMIN')
    expect(await fixture.reader.get(asAdmin, users, admin.id)).toMatchObject({ version: 1 })
    await writer.create(asAdmin, users, { name: 'Bea', roles: [adminRole] })
    await writer.update(asAdmin, users, admin.id, { roles: ['platform.people:rep'] })
  })

  it('stays too when two admins remove each other at the same time', async () => {
    const { writer } = fixture
    const other = await writer.create(asAdmin, users, { name: 'Bea', roles: [adminRole] })
    const asOther = contextFor({ orgId, userId: other.id, roles: [adminRole] })
    const codes = await Promise.all([
      codeOf(writer.update(asAdmin, users, other.id, { roles: [] })),
      codeOf(writer.update(asOther, users, admin.id, { roles: [] })),
    ])
    expect(codes.sort()).toEqual(['LAST_ADMIN', 'fine'])
  })
})
