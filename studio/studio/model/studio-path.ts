/** The page of the studio where a contribution is edited. */
export function studioPath(point: string, ref: string): string {
  const name = encodeURIComponent(ref)
  if (point === 'entities') return `/studio/objects/${name}`
  if (point === 'roles') return `/studio/roles/${name}`
  return `/studio/points/${encodeURIComponent(point)}/${name}`
}

export const pathOfUse = ({ point, ref }: { readonly point: string; readonly ref: string }) =>
  studioPath(point, ref)
