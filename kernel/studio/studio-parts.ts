import { createArchiveFiles } from './archive-files.ts'
import { createArchivePurge, type PurgeDeps } from './purge-archive.ts'
import { createUsesElsewhere, type UsesElsewhereDeps } from './uses-elsewhere.ts'

/** What the studio does beside looking: finding what refers to the model, and erasing what is archived. */
export function createStudioParts({
  dataDir,
  ...deps
}: UsesElsewhereDeps & Omit<PurgeDeps, 'files'> & { readonly dataDir: string }) {
  const archiveFiles = createArchiveFiles(dataDir)
  return {
    archiveFiles,
    archivePurge: createArchivePurge({ ...deps, files: archiveFiles }),
    usesElsewhere: createUsesElsewhere(deps),
  }
}
