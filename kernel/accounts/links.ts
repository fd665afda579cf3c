/** A mail that the platform itself sends: plain text with one link. */
export interface AccountMail {
  readonly to: string
  readonly subject: string
  readonly text: string
}

/** Addresses of the studio that take a single-use token. The token stands in the fragment: browsers do
 * not send that to servers, so it is in no access log and no Referer. */
export function createLinks(publicUrl: string) {
  const base = publicUrl.replace(/\/+$/, '')
  return {
    invite: (token: string) => `${base}/accept#token=${token}`,
    reset: (token: string) => `${base}/reset-password#token=${token}`,
    /** Opens a session when it is visited, once; see the HTTP route of the same name. */
    login: (token: string) => `${base}/api/v1/auth/link?token=${token}`,
    signIn: (slug: string) => `${base}/sign-in?org=${encodeURIComponent(slug)}`,
  }
}

export type Links = ReturnType<typeof createLinks>

export function resetMail(to: string, url: string): AccountMail {
  return {
    to,
    subject: 'Choose a new password',
    text: [
      'Somebody, most likely you, asked for a new password.',
      '',
      url,
      '',
      'The link works once, within an hour. If it was not you, do nothing: your password stays.',
    ].join('\n'),
  }
}

export function inviteMail(to: string, orgName: string, by: string, url: string): AccountMail {
  return {
    to,
    subject: `${by} invites you to ${orgName}`,
    text: [
      `${by} invites you to work in ${orgName}.`,
      '',
      url,
      '',
      'The link works once, within seven days.',
    ].join('\n'),
  }
}
