import type { EntityInfo } from '@runwaycrm/sdk'
import { midSentence } from '../../format/noun.ts'

/** `{lead}`, `{Lead.plural}`, `{a lead}`, `{crm.leads:Lead}`: what stands in definitions for the name of an object. */
const place = /\{(?:([aA]) )?(?:([a-z][a-z0-9.-]*):)?([A-Za-z][A-Za-z0-9_]*)(\.plural)?\}/g

/**
 * A text of a definition as people read it, the names of objects in their places as the server fills them; what
 * else stands in braces stays.
 *
 * @param plugin whose text it is: a place without a plugin names one of its own objects.
 */
export function readTerms(
  text: string,
  language: string,
  plugin: string,
  entityOf: (ref: string) => EntityInfo | null | undefined,
): string {
  return text.replace(place, (whole, article, other: string | undefined, name: string, plural) => {
    const key = name.charAt(0).toLowerCase() + name.slice(1)
    const entity = entityOf(`${other ?? plugin}:${key}`)
    if (!entity) return whole
    const label = plural ? entity.labelPlural : entity.label
    if (article === undefined) return key === name ? midSentence(label, language) : label
    const noun = midSentence(label, language)
    return language.startsWith('en') ? `${article}${isVowelHeard(noun) ? 'n' : ''} ${noun}` : noun
  })
}

/** By sound as far as spelling tells: `an hour`, `a user`. */
const isVowelHeard = (noun: string): boolean =>
  !/^(uni|use|usu|eu|one|ut[aei])/i.test(noun) && /^([aeiou]|hour|heir|hono)/i.test(noun)
