import { StateConflictError, UniqueTakenError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import type { Directory } from './directory.ts'
import type { Members } from './members.ts'
import type { Resellers } from './resellers.ts'
import { adminRole } from './roles.ts'

export interface NewOrg {
  readonly orgName: string
  readonly email: string
  readonly plan: string
  /** Checked already. */
  readonly slug?: string | undefined
  readonly userName?: string | undefined
  /**
   * Who gets in: a login that was proven, a new one, or nobody yet (a link will join the email's login
   * once its owner opens it).
   */
  readonly owner:
    | { readonly loginId: string }
    | { readonly passwordHash: string | null }
    | { readonly later: true }
  readonly sampleData?: boolean | undefined
  /** The organisation whose layer and brand stand beneath this one's. */
  readonly resellerId?: string | null
  readonly currency?: string | undefined
  readonly timeZone?: string | undefined
}

export interface ProvisionedOrg {
  readonly orgId: string
  readonly userId: string
  readonly slug: string
  /** Null when a link will admit its owner later. */
  readonly loginId: string | null
}

export interface ProvisioningDeps {
  readonly db: Pick<Database, 'query'>
  readonly directory: Directory
  readonly members: Members
  readonly resellers: Resellers
  readonly region: string
  systemContext(orgId: string): Promise<RequestContext>
  /** Runs the contributed seeds of one kind; `userId` owns what they make. */
  runSeeds(orgId: string, kind: 'base' | 'sample', userId: string): Promise<void>
  readonly log: { error(details: object, message: string): void }
}

/**
 * Makes organisations. Nobody gets in until the last step, so one that fails half-way is never seen;
 * its rows wait for an operator.
 */
export function createProvisioning(deps: ProvisioningDeps) {
  const { directory, members } = deps

  return {
    async create(input: NewOrg): Promise<ProvisionedOrg> {
      const orgId = uuidv7()
      const slug = await takeSlug(orgId, input)
      await addState(orgId, slug, input)
      if (input.resellerId) await deps.resellers.join(orgId, input.resellerId)
      const ctx = await deps.systemContext(orgId)
      const role = adminRole(ctx.model)
      const userId = await members.create(orgId, {
        name: input.userName ?? nameFromEmail(input.email),
        email: input.email,
        roles: role === null ? [] : [role],
      })
      await deps.runSeeds(orgId, 'base', userId)
      const loginId = await admit(input, orgId, userId)
      if (input.sampleData) await addSamples(orgId, userId)
      return { orgId, userId, slug, loginId }
    },

    /**
     * An organisation that was exported elsewhere. Who has the email among its members gets in; without
     * one, a new admin is made. All others are invited anew.
     *
     * @param fill puts everything into it, or nothing: then nothing of the organisation stays.
     */
    async restore(
      input: NewOrg,
      fill: (orgId: string, slug: string) => Promise<void>,
    ): Promise<ProvisionedOrg> {
      const orgId = uuidv7()
      const slug = await takeSlug(orgId, input)
      try {
        if (input.resellerId) await deps.resellers.join(orgId, input.resellerId)
        await fill(orgId, slug)
      } catch (error) {
        await directory.dropOrg(orgId).catch(() => {})
        throw error
      }
      const member = await members.findByEmail(orgId, input.email)
      const role = adminRole((await deps.systemContext(orgId)).model)
      const userId =
        member?.id ??
        (await members.create(orgId, {
          name: input.userName ?? nameFromEmail(input.email),
          email: input.email,
          roles: role === null ? [] : [role],
        }))
      return { orgId, userId, slug, loginId: await admit(input, orgId, userId) }
    },
  }

  async function takeSlug(orgId: string, input: NewOrg): Promise<string> {
    const row = {
      id: orgId,
      name: input.orgName,
      plan: input.plan,
      region: deps.region,
      currency: input.currency ?? 'USD',
      country: '',
      time_zone: input.timeZone ?? 'UTC',
      locale: 'en',
    }
    if (input.slug !== undefined) {
      const { slug } = input
      if (await directory.createOrg({ ...row, slug })) return slug
      throw new UniqueTakenError(`The slug "${slug}" is taken.`, {
        errors: [{ path: 'slug', code: 'AMBIGUOUS', message: 'Choose another slug.' }],
      })
    }
    const base = slugOf(input.orgName)
    for (let attempt = 1; attempt <= 20; attempt++) {
      const slug = attempt === 1 ? base : `${base}-${attempt < 10 ? attempt : orgId.slice(-8)}`
      if (await directory.createOrg({ ...row, slug })) return slug
    }
    throw new StateConflictError('No free slug was found for this name. Choose one.')
  }

  /** What the model cache reads: without it there is no organisation to act in. */
  async function addState(orgId: string, slug: string, input: NewOrg): Promise<void> {
    await deps.db.query(orgId, {
      text: `insert into tenant.org_state (org_id, name, slug, plan, currency, time_zone)
        values ($1, $2, $3, $4, $5, $6)`,
      values: [
        orgId,
        input.orgName,
        slug,
        input.plan,
        input.currency ?? 'USD',
        input.timeZone ?? 'UTC',
      ],
    })
  }

  async function admit(input: NewOrg, orgId: string, userId: string): Promise<string | null> {
    const { owner } = input
    return directory.transaction(async (tx) => {
      let loginId: string | null = null
      if ('loginId' in owner) loginId = owner.loginId
      else if ('passwordHash' in owner) {
        loginId = uuidv7()
        const made = await directory.createLogin(loginId, input.email, owner.passwordHash, tx)
        if (!made) throw new StateConflictError('Somebody just signed up with this email.')
      }
      if (loginId !== null) await directory.addMembership(loginId, orgId, userId, tx)
      await directory.activateOrg(orgId, tx)
      return loginId
    })
  }

  async function addSamples(orgId: string, userId: string): Promise<void> {
    try {
      await deps.runSeeds(orgId, 'sample', userId)
    } catch (error) {
      // The organisation stands and can be used; samples are not worth losing it.
      deps.log.error({ err: error, orgId }, 'sample data could not be added')
    }
  }
}

export type Provisioning = ReturnType<typeof createProvisioning>

/** `Ærø Søfart A/S` → `aero-sofart-a-s`; a name without any Latin letter gives `org`. */
function slugOf(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/æ/g, 'ae')
    .replace(/ø/g, 'o')
    .replace(/ß/g, 'ss')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  return plain === '' ? 'org' : plain
}

/** `ada.lovelace@example.test` → `Ada Lovelace`. */
function nameFromEmail(email: string): string {
  const words = (email.split('@')[0] ?? '').split(/[._+-]+/).filter((word) => word !== '')
  const name = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join(' ')
  return name === '' ? email : name
}
