/** Addresses of the studio that take a single-use token. The token stands in the fragment: browsers do
 * not send that to servers, so it is in no access log and no Referer. */
export function createLinks(publicUrl: string) {
  const base = publicUrl.replace(/\/+$/, '')
  const org = (slug: string) => `org=${encodeURIComponent(slug)}`
  return {
    /** @param slug so that the page looks like the organisation. */
    invite: (token: string, slug: string) => `${base}/accept?${org(slug)}#token=${token}`,
    reset: (token: string, slug: string) => `${base}/reset-password?${org(slug)}#token=${token}`,
    /** Opens a session when it is visited, once; see the HTTP route of the same name. */
    login: (token: string) => `${base}/api/v1/auth/link?token=${token}`,
    signIn: (slug: string) => `${base}/sign-in?${org(slug)}`,
  }
}

export type Links = ReturnType<typeof createLinks>
