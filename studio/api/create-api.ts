import { createActionsApi } from './actions.ts'
import { createApprovalsApi } from './approvals.ts'
import { createAuthApi } from './auth.ts'
import { createBrandingApi } from './branding.ts'
import { createChangesApi } from './changes.ts'
import { createExportsApi } from './exports.ts'
import { createFilesApi } from './files.ts'
import { createFormsApi } from './forms.ts'
import type { Http } from './http.ts'
import { createImportsApi } from './imports.ts'
import { createJobsApi } from './jobs.ts'
import { createKeysApi } from './keys.ts'
import { createMailApi } from './mail.ts'
import { createModelApi } from './model.ts'
import { createRecordsApi } from './records.ts'
import { createSearchApi } from './search.ts'
import { createStudioApi } from './studio.ts'

/** Everything the studio asks of the server. */
export function createApi(http: Http) {
  return {
    http,
    approvals: createApprovalsApi(http),
    auth: createAuthApi(http),
    branding: createBrandingApi(http),
    model: createModelApi(http),
    records: createRecordsApi(http),
    search: createSearchApi(http),
    studio: createStudioApi(http),
    changes: createChangesApi(http),
    actions: createActionsApi(http),
    files: createFilesApi(http),
    forms: createFormsApi(http),
    imports: createImportsApi(http),
    exports: createExportsApi(http),
    jobs: createJobsApi(http),
    mail: createMailApi(http),
    keys: createKeysApi(http),
  }
}
export type Api = ReturnType<typeof createApi>
