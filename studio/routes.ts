import type { RouteRecordRaw } from 'vue-router'

const open = { isPublic: true }
const accept = () => import('./pages/AcceptPage.vue')
/** Lists, boards and records: whatever the model names. */
export const loadModelPage = () => import('./pages/ModelPage.vue')
const reset = () => import('./pages/ResetPasswordPage.vue')

/** The studio's own pages; every other address is the model's to name. */
export const routes: readonly RouteRecordRaw[] = [
  {
    path: '/sign-in',
    alias: '/login',
    component: () => import('./pages/SignInPage.vue'),
    meta: open,
  },
  {
    path: '/sign-up',
    alias: '/signup',
    component: () => import('./pages/SignUpPage.vue'),
    meta: { ...open, isNewOrg: true },
  },
  { path: '/forgot', component: () => import('./pages/ForgotPasswordPage.vue'), meta: open },
  { path: '/reset', alias: ['/reset-password', '/password/reset'], component: reset, meta: open },
  {
    path: '/accept',
    alias: ['/invitation', '/accept-invitation', '/welcome'],
    component: accept,
    meta: open,
  },
  { path: '/', component: () => import('./pages/HomePage.vue'), meta: { title: 'nav.home' } },
  {
    path: '/changes',
    component: () => import('./pages/ChangesPage.vue'),
    meta: { title: 'changes.title' },
  },
  {
    path: '/inbox',
    component: () => import('./pages/InboxPage.vue'),
    meta: { title: 'inbox.title' },
  },
  {
    path: '/approvals/:id?',
    component: () => import('./pages/ApprovalsPage.vue'),
    meta: { title: 'approvals.title' },
  },
  {
    path: '/forms/:id?',
    component: () => import('./pages/FormsPage.vue'),
    meta: { title: 'nav.forms' },
  },
  {
    path: '/imports',
    alias: '/import',
    component: () => import('./pages/ImportPage.vue'),
    meta: { title: 'import.title' },
  },
  {
    path: '/settings',
    component: () => import('./pages/SettingsPage.vue'),
    meta: { title: 'nav.settings' },
    children: [
      { path: '', component: () => import('./pages/PreferencesPage.vue') },
      { path: 'notifications', component: () => import('./pages/NotificationsPage.vue') },
      { path: 'members', component: () => import('./pages/MembersPage.vue') },
      { path: 'api-keys', component: () => import('./pages/ApiKeysPage.vue') },
      { path: 'model', redirect: '/studio/revisions' },
      { path: 'mail', component: () => import('./pages/MailPage.vue') },
      {
        path: 'branding',
        component: () => import('./pages/BrandingPage.vue'),
        meta: { isWide: true },
      },
      {
        path: 'terms',
        component: () => import('./pages/TermsPage.vue'),
        meta: { isWide: true },
      },
    ],
  },
  {
    path: '/studio',
    components: {
      default: () => import('./studio/components/StudioShell.vue'),
      sidebar: () => import('./studio/components/StudioSidebar.vue'),
      tabbar: () => import('./studio/components/StudioTabBar.vue'),
    },
    meta: { title: 'nav.studio' },
    children: [
      { path: '', redirect: '/studio/objects' },
      { path: 'objects', component: () => import('./studio/pages/ObjectsPage.vue') },
      { path: 'objects/:ref', component: () => import('./studio/pages/ObjectPage.vue') },
      { path: 'points/:point', component: () => import('./studio/pages/PointPage.vue') },
      {
        path: 'points/:point/:ref',
        component: () => import('./studio/pages/ContributionPage.vue'),
      },
      { path: 'workflows', component: () => import('./studio/pages/WorkflowsPage.vue') },
      { path: 'workflows/:ref/try', component: () => import('./studio/pages/DryRunPage.vue') },
      { path: 'runs/:id', component: () => import('./studio/pages/RunPage.vue') },
      { path: 'roles', component: () => import('./studio/pages/RolesPage.vue') },
      { path: 'roles/:ref', component: () => import('./studio/pages/RolePage.vue') },
      { path: 'plugins', component: () => import('./studio/pages/PluginsPage.vue') },
      { path: 'revisions', component: () => import('./studio/pages/StudioRevisionsPage.vue') },
      { path: 'archive', component: () => import('./studio/pages/ArchivePage.vue') },
      { path: 'review', component: () => import('./studio/pages/ReviewPage.vue') },
      {
        path: 'explorer',
        component: () => import('./studio/pages/ExplorerPage.vue'),
        meta: { areRecords: true },
      },
    ],
  },
  { path: '/:path(.*)*', component: loadModelPage },
]
