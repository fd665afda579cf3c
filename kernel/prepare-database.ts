import { type MigrateReport, migrate } from './database/migrate.ts'
import type { Model } from './model/model.ts'

/**
 * Brings the database to this release, where the deployment may change it.
 *
 * @returns null without an admin connection.
 */
export async function prepareDatabase(
  options: {
    readonly config: { readonly secretKey: string }
    readonly database: { readonly serverUrl: string; readonly adminUrl: string | null }
    readonly databaseLog?: (message: string) => void
  },
  deployment: { readonly model: Model },
): Promise<MigrateReport | null> {
  const { serverUrl, adminUrl } = options.database
  if (!adminUrl) return null
  return migrate({
    adminUrl,
    serverUrl,
    secretKey: options.config.secretKey,
    model: deployment.model,
    ...(options.databaseLog ? { log: options.databaseLog } : {}),
  })
}
