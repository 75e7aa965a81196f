/** The pages of rooms that have several, in the order of their tabs. */
export const tabs = {
  Activity: [
    { name: 'Live', href: '/activity/live' },
    { name: 'Completed', href: '/activity/completed' },
    { name: 'Signals', href: '/activity/signals' },
    { name: 'Alerts', href: '/activity/alerts' },
    { name: 'Metrics', href: '/activity/metrics' },
  ],
  Logs: [
    { name: 'LLM runs', href: '/logs' },
    { name: 'System', href: '/logs/system' },
    { name: 'Audit ledger', href: '/logs/audit' },
  ],
  Settings: [
    { name: 'API keys', href: '/settings/api-keys' },
    { name: 'Agents', href: '/settings/agents' },
    { name: 'Alert channels', href: '/settings/channels' },
    { name: 'Deliveries', href: '/settings/deliveries' },
    { name: 'Projects', href: '/settings/projects' },
    { name: 'Providers', href: '/settings/providers' },
    { name: 'Prices', href: '/settings/prices' },
    { name: 'Members & roles', href: '/settings/members' },
    { name: 'System health', href: '/settings/system' },
  ],
} as const;
