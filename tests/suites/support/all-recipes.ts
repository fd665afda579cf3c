import type { Model } from '../../../kernel/model/model.ts'
import type { TestApp } from '../../setup/test-app.ts'
import { actionRecipes } from './action-recipes.ts'
import { routeRecipes } from './fixed-recipes.ts'
import type { Recipe } from './recipe.ts'
import { isTemplate, recordRecipes } from './record-recipes.ts'

/**
 * How to call every declared route: template routes once per entity of the model and operation, the route
 * of actions once per action. `missing` names those that nobody wrote a recipe for.
 */
export function allRecipes(app: TestApp, model: Model): { recipes: Recipe[]; missing: string[] } {
  const missing: string[] = []
  const recipes = app.house.app!.declaredRoutes.flatMap((route): Recipe[] => {
    if (route.path === '/actions/:ref') return actionRecipes(route, model)
    if (!isTemplate(route)) {
      const made = routeRecipes(route)
      if (made.length === 0) missing.push(`${route.method} ${route.path}`)
      return made
    }
    return [...model.entities.values()].flatMap((entity) => {
      const made = recordRecipes(route, entity)
      if (made.length === 0) missing.push(`${route.method} ${route.path} of ${entity.ref}`)
      return made
    })
  })
  return { recipes, missing }
}
