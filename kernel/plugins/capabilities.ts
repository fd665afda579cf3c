import {
  type BulkRequest,
  type EnvironmentName,
  ForbiddenError,
  type Manifest,
} from '@runwaycrm/sdk'
import type { Grant } from '../access/narrow-ability.ts'
import type { Operation } from '../access/resolve-rules.ts'

/** What a plugin may do at most, whoever it acts for. */
export function grantOf(manifest: Manifest): Grant {
  const { data = {}, actions = [], permissions = [] } = manifest.capabilities ?? {}
  return {
    data: data as Grant['data'],
    permissions: [...actions.map((action) => `actions:${action}`), ...permissions],
  }
}

/** @throws ForbiddenError naming the capability that is missing. */
export function needData(manifest: Manifest, operation: Operation, entity: string): void {
  const data = manifest.capabilities?.data as Grant['data'] | undefined
  if (data?.[entity]?.includes(operation) || data?.['*']?.includes(operation)) return
  throw lacks(manifest, `data."${entity}": "${operation}"`)
}

/** Actions of its own a plugin may always run. @throws ForbiddenError */
export function needAction(manifest: Manifest, action: string): void {
  if (action.startsWith(`${manifest.id}:`)) return
  if (manifest.capabilities?.actions?.some((one) => one === action || one === '*')) return
  throw lacks(manifest, `actions: "${action}"`)
}

/** @throws ForbiddenError */
export function needService(manifest: Manifest, service: string, provider: string): void {
  if (provider === manifest.id) return
  const granted = manifest.capabilities?.services ?? []
  const isGranted = granted.some(
    (one) => one === service || (one.endsWith('.*') && service.startsWith(one.slice(0, -1))),
  )
  if (isGranted) return
  throw lacks(manifest, `services: "${service}"`)
}

/** @throws ForbiddenError */
export function needEnvironment(manifest: Manifest, name: EnvironmentName): void {
  const declared = manifest.capabilities?.environment as readonly string[] | undefined
  if (declared?.includes(name)) return
  throw lacks(manifest, `environment: "${name}"`)
}

/**
 * Hosts that the plugin's requests may go to: those of its capability `net`, and where the operator moved
 * a service to whose address the plugin may read.
 */
export function reachableHosts(
  manifest: Manifest,
  environment: Readonly<Partial<Record<EnvironmentName, string | null>>>,
): readonly string[] {
  const { net = [], environment: names = [] } = manifest.capabilities ?? {}
  const services = (names as readonly EnvironmentName[]).filter((name) =>
    name.endsWith('_BASE_URL'),
  )
  return [...net, ...hostsOf(services.map((name) => environment[name]))]
}

/** Host and port of those values that are http(s) addresses. */
export function hostsOf(values: readonly (string | null | undefined)[]): string[] {
  return values.flatMap((value) => {
    if (!value || !URL.canParse(value)) return []
    const { protocol, host } = new URL(value)
    return protocol === 'http:' || protocol === 'https:' ? [host] : []
  })
}

/** What a bulk request does. */
export function operationsOf(request: BulkRequest): readonly Operation[] {
  const { create, update, upsert, delete: remove, restore } = request
  const upserts: readonly Operation[] =
    (upsert?.onDuplicate ?? 'update') === 'update' ? ['create', 'update'] : ['create']
  return [
    ...(create?.length ? (['create'] as const) : []),
    ...(update?.length ? (['update'] as const) : []),
    ...(upsert?.records.length ? upserts : []),
    ...(remove?.length ? (['delete'] as const) : []),
    ...(restore?.length ? (['restore'] as const) : []),
  ]
}

function lacks(manifest: Manifest, capability: string) {
  return new ForbiddenError(`The plugin ${manifest.id} lacks the capability ${capability}.`, {
    details: { plugin: manifest.id, capability },
  })
}
