import type { Caller, TestApp } from '../../setup/test-app.ts'

/** Somebody who calls with these headers. */
export function callerWith(
  app: TestApp,
  orgId: string,
  slug: string,
  headers: Readonly<Record<string, string>>,
): Caller {
  return {
    orgId,
    slug,
    headers,
    call: (method, url, body, more = {}) =>
      app.inject({
        method: method as 'GET',
        url: url.startsWith('/api/') ? url : `/api/v1${url}`,
        headers: { ...headers, ...more },
        ...(body === undefined ? {} : { payload: body as object }),
      }),
  }
}
