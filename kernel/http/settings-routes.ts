import type { Actor, FieldValues } from '@runwaycrm/sdk'
import { actorOf } from '../context/request-context.ts'
import { brandParts } from '../model/brand-problems.ts'
import type { PluginState } from '../model/enabled-layers.ts'
import type { OrgProfile, OrgProfileChange } from '../model/org-profile.ts'
import type { SettingsStore } from '../plugins/settings-store.ts'
import type { Call, JsonSchema, RouteDeclaration } from './route.ts'

export interface SettingsRoutesDeps {
  readonly settings: SettingsStore
  readonly orgProfile: {
    get(orgId: string): Promise<OrgProfile>
    change(orgId: string, change: OrgProfileChange): Promise<OrgProfile>
  }
  readonly lifecycle: {
    list(orgId: string): Promise<readonly object[]>
    change(
      orgId: string,
      plugin: string,
      to: { readonly state: PluginState; readonly reason?: string },
      actor: Actor,
    ): Promise<unknown>
  }
}

const object = { type: 'object' } as const
const text = (maxLength: number): JsonSchema => ({ type: 'string', maxLength })
const clearable = (maxLength: number): JsonSchema => ({ type: ['string', 'null'], maxLength })

/** How an organisation is set: its profile and brand, the settings of plugins, which plugins it uses. */
export function settingsRoutes(deps: SettingsRoutesDeps): RouteDeclaration[] {
  const { settings, orgProfile, lifecycle } = deps
  const shared = {
    auth: 'principal',
    permission: 'settings:write',
    tag: 'settings',
    query: {},
    rate: 'normal',
    body: null,
    response: { 200: object },
  } as const
  const orgOf = (call: Call) => call.context().org.id
  const actor = (call: Call) => actorOf(call.context().principal)

  return [
    {
      ...shared,
      method: 'GET',
      path: '/settings',
      summary: 'The profile of the organisation and the settings of its plugins',
      idempotency: 'safe',
      handler: async (call) => {
        const orgId = orgOf(call)
        const language = call.request.headers['accept-language']
        const [profile, groups] = await Promise.all([
          orgProfile.get(orgId),
          settings.list(orgId, language),
        ])
        return { status: 200, body: { ...profile, groups } }
      },
    },
    {
      ...shared,
      method: 'PATCH',
      path: '/settings/org',
      summary: 'Change name, region and brand of the organisation',
      idempotency: 'natural',
      body: {
        ...object,
        additionalProperties: false,
        properties: {
          name: text(120),
          currency: text(3),
          country: text(2),
          timeZone: text(60),
          locale: text(35),
          brand: {
            ...object,
            additionalProperties: false,
            properties: Object.fromEntries(
              Object.entries(brandParts).map(([key, { most }]) => [key, clearable(most)]),
            ),
          },
        },
      },
      handler: async (call) => ({
        status: 200,
        body: await orgProfile.change(orgOf(call), call.body as OrgProfileChange),
      }),
    },
    {
      ...shared,
      method: 'PATCH',
      path: '/settings/:ref',
      summary: 'Change settings of a plugin; null goes back to the default',
      idempotency: 'natural',
      body: object,
      handler: async (call) => ({
        status: 200,
        body: await settings.change(
          orgOf(call),
          call.params['ref']!,
          call.body as FieldValues,
          actor(call),
        ),
      }),
    },
    {
      ...shared,
      method: 'GET',
      path: '/plugins',
      summary: 'The plugins of this installation and what the organisation does with them',
      idempotency: 'safe',
      handler: async (call) => ({
        status: 200,
        body: { data: await lifecycle.list(orgOf(call)) },
      }),
    },
    {
      ...shared,
      method: 'PATCH',
      path: '/plugins/:id',
      summary: 'Enable or disable a plugin for the organisation',
      idempotency: 'natural',
      body: {
        ...object,
        additionalProperties: false,
        required: ['state'],
        properties: { state: { type: 'string', enum: ['enabled', 'disabled'] }, reason: text(300) },
      },
      handler: async (call) => {
        const orgId = orgOf(call)
        const to = call.body as { state: PluginState; reason?: string }
        await lifecycle.change(orgId, call.params['id']!, to, actor(call))
        return { status: 200, body: { data: await lifecycle.list(orgId) } }
      },
    },
  ]
}
