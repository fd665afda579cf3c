// Loaded before the product: what Node made of our modules is kept, so that the next start need not take
// the types out and compile again. Where nothing can be written, it starts without.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url)))
