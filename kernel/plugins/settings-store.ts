import {
  type Actor,
  type FieldValues,
  InvalidError,
  type Issue,
  NotFoundError,
} from '@runwaycrm/sdk'
import type { Database, Statement } from '../database/postgres.ts'
import { schemaCheck } from '../manifest/schema-check.ts'
import { toIssue } from '../model/check-document.ts'
import type { OrgState } from '../model/model-cache.ts'
import { lockOrg, raiseEpoch } from '../model/org-row.ts'
import { inReadersLanguage, type Words, wordsIn, wordsOf } from '../model/words.ts'
import type { Vault } from '../secrets/vault.ts'

/** The settings of one contribution, as those who may change them see them. */
export interface SettingsGroup {
  /** `crm.leads:scoring`. */
  readonly ref: string
  readonly label: string
  readonly schema: object
  /** Defaults filled in, without secrets. */
  readonly values: FieldValues
  /** Name to the last four characters; empty when it is too short for a hint, null when it is not set. */
  readonly secrets: Readonly<Record<string, string | null>>
}

export interface SettingsStore {
  list(orgId: string, acceptLanguage?: string): Promise<readonly SettingsGroup[]>
  /**
   * Changes some values; null goes back to the default, and deletes a secret.
   *
   * @throws NotFoundError when no enabled plugin has such settings; InvalidError with every problem.
   */
  change(orgId: string, ref: string, values: FieldValues, actor: Actor): Promise<SettingsGroup>
}

export function createSettingsStore(deps: {
  readonly db: Database
  readonly vault: Pick<Vault, 'put' | 'delete' | 'list'>
  readonly stateOf: (orgId: string) => Promise<OrgState>
  readonly onChanged: (orgId: string) => void
}): SettingsStore {
  const { db, vault, stateOf, onChanged } = deps

  async function groupOf(
    orgId: string,
    state: Words & OrgState,
    ref: string,
  ): Promise<SettingsGroup> {
    const contribution = state.model.settings.get(ref)
    if (!contribution) throw new NotFoundError('No enabled plugin has these settings.')
    const { definition, plugin, key } = contribution
    const names = definition.secrets ?? []
    const kept = names.length > 0 ? await vault.list(orgId, plugin) : new Map<string, string>()
    return {
      ref,
      label: wordsOf(state, plugin, `settings.${key}.label`, definition.label ?? key),
      schema: wordsIn(state, plugin, `settings.${key}.schema`, definition.schema),
      values: withoutKeys(state.settings.get(ref) ?? {}, names),
      secrets: Object.fromEntries(names.map((name) => [name, kept.get(name) ?? null])),
    }
  }

  return {
    async list(orgId, acceptLanguage) {
      const state = inReadersLanguage(await stateOf(orgId), acceptLanguage)
      return Promise.all([...state.model.settings.keys()].map((ref) => groupOf(orgId, state, ref)))
    },
    async change(orgId, ref, values, actor) {
      const state = await stateOf(orgId)
      const before = await groupOf(orgId, state, ref)
      const { plugin, definition } = state.model.settings.get(ref)!
      const secrets = new Set<string>(definition.secrets ?? [])
      const open = withoutKeys(values, [...secrets])
      refuseProblems(before, open, values, secrets)
      await db.transaction(orgId, async (tx) => {
        await tx.run([lockOrg(orgId), saveValues(orgId, ref, open, actor), raiseEpoch(orgId)])
        for (const name of secrets) {
          const value = values[name]
          if (value === null) await vault.delete(orgId, plugin, name, tx)
          else if (value !== undefined) await vault.put(orgId, plugin, name, String(value), tx)
        }
      })
      onChanged(orgId)
      return groupOf(orgId, await stateOf(orgId), ref)
    },
  }
}

/** @throws InvalidError */
function refuseProblems(
  { schema, values: before }: SettingsGroup,
  open: FieldValues,
  given: FieldValues,
  secrets: ReadonlySet<string>,
): void {
  const properties = (schema as { properties?: Readonly<Record<string, unknown>> }).properties ?? {}
  const problems = Object.keys(given).flatMap((name) => {
    if (secrets.has(name)) {
      const value = given[name]
      const isFine = value === null || (typeof value === 'string' && value.trim() !== '')
      return isFine ? [] : [issue(name, 'WRONG_TYPE', 'A secret is a text, or null to delete it.')]
    }
    return Object.hasOwn(properties, name)
      ? []
      : [issue(name, 'UNKNOWN_FIELD', 'There is no such setting.')]
  })
  const next = Object.fromEntries(
    Object.entries({ ...before, ...open }).filter(([, value]) => value !== null),
  )
  const required = (schema as { required?: readonly string[] }).required ?? []
  const checked = { ...schema, required: required.filter((name) => !secrets.has(name)) }
  const told = new Set(problems.map(({ path }) => path))
  problems.push(
    ...schemaCheck(checked)(next, '')
      .map(toIssue)
      .filter(({ path }) => !told.has(path)),
  )
  if (problems.length > 0) throw new InvalidError(undefined, { errors: problems })
}

function issue(path: string, code: Issue['code'], message: string): Issue {
  return { path, code, message }
}

function withoutKeys(values: FieldValues, names: readonly string[]): FieldValues {
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)))
}

/** Null takes a value away, so that the default counts again. */
function saveValues(orgId: string, ref: string, values: FieldValues, actor: Actor): Statement {
  return {
    text: `insert into tenant.setting as v (org_id, ref, value, changed_by)
      values ($1, $2, jsonb_strip_nulls($3::jsonb), $4)
      on conflict (org_id, ref) do update set value = jsonb_strip_nulls(v.value || $3::jsonb),
        changed_at = now(), changed_by = excluded.changed_by`,
    values: [orgId, ref, JSON.stringify(values), JSON.stringify(actor)],
  }
}
