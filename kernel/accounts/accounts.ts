import { timingSafeEqual } from 'node:crypto'
import { BadCredentialsError, NotFoundError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { selectEpoch } from '../model/org-row.ts'
import type { AccountMail } from './account-mails.ts'
import { createAttempts } from './attempts.ts'
import { checkAll, checkEmail, checkName, checkPassword, checkSlug } from './check-input.ts'
import { createCredentials } from './credentials.ts'
import { createDirectory } from './directory.ts'
import { createInvitations } from './invitations.ts'
import { createLinks } from './links.ts'
import { createLoginLinks } from './login-links.ts'
import { createMailLimits } from './mail-limits.ts'
import { createMembers, type MembersDeps } from './members.ts'
import { createPasswords } from './password.ts'
import { createPrincipals, type ResolvedPrincipal } from './principals.ts'
import { createProofs } from './proof.ts'
import { createProvisioning, type ProvisioningDeps } from './provision.ts'
import { createRecovery } from './recovery.ts'
import { createResellers, unfit } from './resellers.ts'
import { createSessions, type OpenedSession } from './sessions.ts'
import { createSignIn } from './sign-in.ts'
import { tokenHash } from './tokens.ts'

export interface AccountsDeps {
  readonly db: Database
  /** RUNWAY_SECRET_KEY, from which the key of the proofs comes. */
  readonly secretKey: string
  readonly reader: MembersDeps['reader']
  readonly writer: MembersDeps['writer']
  readonly config: {
    readonly region: string
    /** Links in mails begin with it. */
    readonly publicUrl: string
    readonly signUp: boolean
    /** Null when nobody may act as the operator. */
    readonly operatorKey: string | null
    /** Mail leaves for nowhere and is read by whoever manages members: no place for a way into a login. */
    readonly isMailOpen?: boolean
  }
  /** The organisation with the platform itself as principal, all rights, door `seed`. */
  systemContext(orgId: string): Promise<RequestContext>
  runSeeds: ProvisioningDeps['runSeeds']
  /** Sessions, keys or roles were changed here: a hint for open connections and other nodes. */
  readonly onAccessChanged?: () => void
  /** Through whatever offers the service `mail` in that organisation. */
  sendMail(orgId: string, mail: AccountMail): Promise<void>
  readonly log: ProvisioningDeps['log']
}

/** What `POST /orgs` and `runway org create` take. */
export interface ProvisionInput {
  readonly orgName: string
  readonly email: string
  readonly plan?: string | undefined
  readonly slug?: string | undefined
  readonly password?: string | undefined
  readonly sampleData?: boolean | undefined
  /** The slug of the organisation that resells the product to this one. */
  readonly reseller?: string | undefined
}

export interface ProvisionOutput {
  readonly orgId: string
  readonly userId: string
  readonly slug: string
  readonly loginUrl: string
}

/** Sign-in, sessions, organisations and keys. What could be reached here would be the keys of the house. */
export function createAccounts(deps: AccountsDeps) {
  const { config, log } = deps
  const directory = createDirectory(deps.db, createProofs(deps.secretKey))
  const members = createMembers(deps)
  const passwords = createPasswords()
  const attempts = createAttempts(directory)
  const links = createLinks(config.publicUrl)
  const principals = createPrincipals({
    directory,
    members,
    region: config.region,
    epochOf: (orgId) => readEpoch(deps.db, orgId),
    ...(deps.onAccessChanged ? { onForget: deps.onAccessChanged } : {}),
  })
  const sessions = createSessions({ directory, members, principals })
  const provisioning = createProvisioning({
    ...deps,
    directory,
    members,
    resellers: createResellers(deps.db),
    region: config.region,
  })
  const signIn = createSignIn({
    directory,
    passwords,
    attempts,
    sessions,
    provisioning,
    signUpAllowed: config.signUp,
  })
  const mailLimits = createMailLimits(directory)
  const mailing = {
    links,
    mailLimits,
    sendMail: deps.sendMail,
    systemContext: deps.systemContext,
    log,
  }
  const recovery = createRecovery({
    directory,
    passwords,
    attempts,
    sessions,
    principals,
    isMailOpen: config.isMailOpen ?? false,
    ...mailing,
  })
  const invitations = createInvitations({
    directory,
    members,
    passwords,
    sessions,
    signIn,
    ...mailing,
  })
  const loginLinks = createLoginLinks({ directory, sessions, principals })
  const credentials = createCredentials({ directory, principals, region: config.region })
  const operatorDigest = config.operatorKey === null ? null : tokenHash(config.operatorKey)

  return {
    resolveSession: principals.ofSession,
    resolveKey: principals.ofKey,
    resolveRunAs: principals.ofRunAs,
    userPrincipal: principals.ofUser,
    forgetPrincipals: principals.forget,
    /** As `forgetPrincipals`, when another process says so. */
    expirePrincipals: principals.expire,
    isOperator: (bearer: string): boolean =>
      operatorDigest !== null && timingSafeEqual(operatorDigest, tokenHash(bearer)),
    findHost: directory.findHost,
    findOrgBySlug: directory.findOrgBySlug,

    signUp: signIn.signUp,
    logIn: signIn.logIn,
    logOut: sessions.logOut,
    switchOrg: sessions.switchOrg,
    orgsOf: (session: OpenedSession) => sessions.orgs(session.loginId),
    rotateForRoles: sessions.rotateForRoles,
    sessions: sessions.list,
    endSession: sessions.end,
    forgot: recovery.forgot,
    reset: recovery.reset,
    changePassword: recovery.changePassword,
    /** For whoever runs the deployment: no question is asked. @throws NotFoundError */
    async setPassword(email: string, password: string): Promise<void> {
      const login = await directory.findLogin(checkEmail(email))
      if (!login) throw new NotFoundError('Nobody signs in with this email.')
      checkPassword(password)
      await directory.setPassword(login.id, await passwords.hash(password))
    },
    invite: invitations.invite,
    invitations: invitations.list,
    withdrawInvitation: invitations.withdraw,
    accept: invitations.accept,
    openLink: loginLinks.open,

    /** Who the caller is, and where else they could be. */
    async me({ principal, session, orgId }: ResolvedPrincipal) {
      return {
        email: principal.userId === null ? null : await emailOf(orgId, principal.userId),
        orgs: session ? await sessions.orgs(session.loginId) : [],
      }
    },
    emailOf,

    /**
     * An organisation with its admin. Somebody whose email was never proven joins when they open the link;
     * without a password the link is the way in, once.
     */
    async provision(input: ProvisionInput): Promise<ProvisionOutput> {
      const [email, orgName] = checkAll(...checksOf(input))
      const known = await directory.findLogin(email)
      const made = await provisioning.create({
        orgName,
        email,
        plan: input.plan ?? 'free',
        slug: input.slug,
        sampleData: input.sampleData,
        resellerId: await resellerOf(input.reseller),
        owner: await ownerOf(known, email, input.password),
      })
      const loginUrl =
        input.password === undefined
          ? links.login(await loginLinks.create(email, made.orgId, made.userId))
          : links.signIn(made.slug)
      return { orgId: made.orgId, userId: made.userId, slug: made.slug, loginUrl }
    },

    /** As `provision`, with what another deployment, or this one, exported. */
    async restore(
      input: Omit<ProvisionInput, 'sampleData'>,
      fill: (orgId: string, slug: string) => Promise<void>,
    ): Promise<ProvisionOutput> {
      const [email, orgName] = checkAll(...checksOf(input))
      const owner = await ownerOf(await directory.findLogin(email), email, input.password)
      const { slug, plan = 'free' } = input
      const resellerId = await resellerOf(input.reseller)
      const made = await provisioning.restore(
        { orgName, email, plan, slug, owner, resellerId },
        fill,
      )
      const loginUrl =
        input.password === undefined
          ? links.login(await loginLinks.create(email, made.orgId, made.userId))
          : links.signIn(made.slug)
      return { orgId: made.orgId, userId: made.userId, slug: made.slug, loginUrl }
    },

    /** Erasure: what let a member in, or without one invitations to the emails. @returns revoked keys. */
    async forgetMember(orgId: string, userId: string | null, emails: readonly string[]) {
      const { gone, keys } = (await directory.forgetMember(orgId, userId, emails))!
      principals.forget()
      return { gone, keys }
    },

    /** For whoever runs the deployment; plugins go through the service `kernel.credentials`. */
    async createKey(orgId: string, input: Parameters<typeof credentials.create>[1]) {
      const { model } = await deps.systemContext(orgId)
      const createdBy = { type: 'system', id: null, name: 'Operator' }
      return credentials.create({ orgId, model, createdBy }, input)
    },
    revokeKey: credentials.revoke,
    /** `kernel.credentials`, version 1. */
    credentialsService: credentials.service,

    /** Where people choose between their organisations; null keeps. */
    changeOrg: directory.changeOrg,
    purge: directory.purge,
    settled: recovery.settled,
  }

  async function emailOf(orgId: string, userId: string): Promise<string | null> {
    return (await members.findActive(orgId, userId))?.email ?? null
  }

  async function resellerOf(slug: string | undefined): Promise<string | null> {
    if (slug === undefined) return null
    const id = await directory.findOrgBySlug(slug)
    if (id === null) throw unfit(`There is no organisation with the slug "${slug.slice(0, 63)}".`)
    return id
  }

  async function ownerOf(
    known: Awaited<ReturnType<typeof directory.findLogin>>,
    email: string,
    password: string | undefined,
  ) {
    if (!known) {
      return { passwordHash: password === undefined ? null : await passwords.hash(password) }
    }
    if (password === undefined)
      return known.verified ? { loginId: known.id } : { later: true as const }
    const right = await passwords.verify(password, async () => known.password_hash)
    if (right) return { loginId: known.id }
    throw new BadCredentialsError(
      `${email} has an account with another password. Leave the password out to get a link.`,
    )
  }
}

function checksOf({ email, orgName, password, slug }: ProvisionInput) {
  return [
    () => checkEmail(email),
    () => checkName(orgName, 'orgName'),
    () => password === undefined || checkPassword(password),
    () => slug === undefined || checkSlug(slug),
  ] as const
}

export type Accounts = ReturnType<typeof createAccounts>

async function readEpoch(db: Database, orgId: string): Promise<number> {
  const { rows } = await db.query<{ epoch: number }>(orgId, selectEpoch(orgId))
  return rows[0]?.epoch ?? 0
}
