import { apiBase, type Http, type UploadOptions } from './http.ts'

/** What the API says of a file, and a field that holds it. */
export interface FileInfo {
  readonly id: string
  readonly name: string
  /** As its content says, whatever the name ends with. */
  readonly type: string
  /** In bytes. */
  readonly size: number
  readonly url: string
  readonly width?: number | null
  readonly height?: number | null
}

export function createFilesApi(http: Http) {
  return {
    upload: (file: File, options?: UploadOptions) => {
      const form = new FormData()
      form.append('file', file, file.name)
      return http.upload<FileInfo>('/files', form, options)
    },
  }
}

/** The files that a value holds; others than ours are none, so that nothing is loaded from elsewhere. */
export function filesIn(value: unknown): readonly FileInfo[] {
  return [value]
    .flat()
    .filter(
      (one): one is FileInfo =>
        typeof one === 'object' && one !== null && 'id' in one && 'name' in one,
    )
    .map((one) => ({ ...one, url: `${apiBase}/files/${encodeURIComponent(one.id)}/content` }))
}

/** What browsers draw and the server gives out to be drawn. */
const pictures: ReadonlySet<string> = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/bmp'],
])
export const isPicture = (file: FileInfo): boolean => pictures.has(file.type)
export const inlineUrl = (file: FileInfo): string => `${file.url}?inline=true`

/** In small, made by the server; `size` is the longer side in px. */
export const smallUrl = (file: FileInfo, size: 96 | 480): string =>
  `${apiBase}/files/${encodeURIComponent(file.id)}/thumbnail?size=${size}`
