import { type ComponentType, type LazyExoticComponent, lazy } from 'react';

export interface Route {
  path: string;
  load: () => Promise<unknown>;
  /** The page, once it has been loaded. */
  now: () => ComponentType | undefined;
  late: LazyExoticComponent<ComponentType>;
}

function page<Name extends string>(path: string, from: () => Promise<Record<Name, ComponentType>>, name: Name): Route {
  let loaded: ComponentType | undefined;
  const load = async () => {
    loaded = (await from())[name];
    return { default: loaded };
  };
  return { path, load, now: () => loaded, late: lazy(load) };
}

/** Every page of the console, each loaded when it is first opened. A new one is its file and its line here. */
export const routes: readonly Route[] = [
  page('/', () => import('./pages/overview/Overview.tsx'), 'Overview'),
  page('/activity/live', () => import('./pages/activity/Live.tsx'), 'Live'),
  page('/activity/completed', () => import('./pages/activity/Completed.tsx'), 'Completed'),
  page('/activity/signals', () => import('./pages/activity/Signals.tsx'), 'Signals'),
  page('/activity/alerts', () => import('./pages/activity/Alerts.tsx'), 'Alerts'),
  page('/activity/metrics', () => import('./pages/activity/Metrics.tsx'), 'Metrics'),
  page('/runs/:id', () => import('./pages/runs/Run.tsx'), 'Run'),
  page('/d/:id', () => import('./pages/decisions/Decision.tsx'), 'Decision'),
  page('/policies', () => import('./pages/policies/Library.tsx'), 'Library'),
  page('/policies/new', () => import('./pages/policies/NewPolicy.tsx'), 'NewPolicy'),
  page('/policies/explain', () => import('./pages/policies/Explain.tsx'), 'Explain'),
  page('/policies/:id/edit', () => import('./pages/policies/NewPolicy.tsx'), 'EditPolicy'),
  page('/policies/:id', () => import('./pages/policies/Policy.tsx'), 'Policy'),
  page('/limits', () => import('./pages/limits/Limits.tsx'), 'Limits'),
  page('/incidents', () => import('./pages/incidents/Incidents.tsx'), 'Incidents'),
  page('/incidents/:id', () => import('./pages/incidents/Incident.tsx'), 'Incident'),
  page('/logs', () => import('./pages/logs/Calls.tsx'), 'Calls'),
  page('/logs/system', () => import('./pages/logs/System.tsx'), 'System'),
  page('/logs/audit', () => import('./pages/logs/Audit.tsx'), 'Audit'),
  page('/settings/api-keys', () => import('./pages/settings/ApiKeys.tsx'), 'ApiKeys'),
  page('/settings/agents', () => import('./pages/settings/Agents.tsx'), 'Agents'),
  page('/settings/channels', () => import('./pages/settings/Channels.tsx'), 'Channels'),
  page('/settings/deliveries', () => import('./pages/settings/Deliveries.tsx'), 'Deliveries'),
  page('/settings/projects', () => import('./pages/settings/Projects.tsx'), 'Projects'),
  page('/settings/providers', () => import('./pages/settings/Providers.tsx'), 'Providers'),
  page('/settings/prices', () => import('./pages/settings/Prices.tsx'), 'Prices'),
  page('/settings/members', () => import('./pages/settings/Members.tsx'), 'Members'),
  page('/settings/system', () => import('./pages/settings/System.tsx'), 'System'),
  page('/go/:id', () => import('./pages/Go.tsx'), 'Go'),
];

/** Loads the page of an address, so that it is there by the time it is known who has signed in. */
export async function loadPage(address: string): Promise<void> {
  const route = routes.find(({ path }) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`).test(address));
  // One that does not come is said where the page is shown.
  await route?.load().catch(() => undefined);
}

/** The rooms of the console in the order of the navigation, with the key after `g`. */
export const rooms = [
  { name: 'Overview', href: '/', key: 'o', below: [] },
  { name: 'Activity', href: '/activity/live', key: 'a', below: ['/activity', '/runs'] },
  { name: 'Policies', href: '/policies', key: 'p', below: ['/policies', '/d'] },
  { name: 'Limits & budgets', href: '/limits', key: 'b', below: ['/limits'] },
  { name: 'Incidents', href: '/incidents', key: 'i', below: ['/incidents'] },
  { name: 'Logs', href: '/logs', key: 'l', below: ['/logs'] },
  { name: 'Settings', href: '/settings/api-keys', key: 's', below: ['/settings'] },
] as const;
