import { ensureBuilt } from '../../studio/build.ts'
import { findBrowser } from '../browser/browser.ts'

/** What all browser files share is made before the first of them: two at once would unpack into one folder. */
export default async function setup(): Promise<void> {
  await ensureBuilt({ log: () => {} })
  await findBrowser()
}
