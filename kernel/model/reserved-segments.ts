import type { Tier } from '@runwaycrm/sdk'

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/))

/** First segments of `/api/v1` that are routes; no entity may have one as its plural. */
const routes = words(
  `access actions agents auth branding changes docs domains errors exports files flags forms health
   hooks imports invitations jobs live mail marketplace mcp me meetings members meters model openapi.json
   orgs plans plugins records search sessions settings sso studio usage webhooks workflows`,
)

/** Plurals that are kept for entities of plugins which the operator installs. */
const platform = words(
  `users teams api-keys notes tasks notifications saved-views dashboards approvals runs agent-runs
   messages connections webhook-endpoints webhook-deliveries inbound-webhooks received-webhooks
   snapshots invoices`,
)

/** Whether an entity of a plugin of this tier may not have the plural. */
export function isReservedPlural(plural: string, tier: Tier): boolean {
  return routes.has(plural) || (tier !== 'trusted' && platform.has(plural))
}
