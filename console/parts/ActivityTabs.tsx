import { useLocation } from 'wouter';
import { Tabs } from '../ui/Tabs.tsx';

const tabs = [
  ['Live', '/activity/live'],
  ['Completed', '/activity/completed'],
  ['Signals', '/activity/signals'],
  ['Metrics', '/activity/metrics'],
] as const;

export function ActivityTabs() {
  const [path] = useLocation();
  return <Tabs label="Activity" of={tabs.map(([name, href]) => ({ name, href, current: path === href }))} />;
}
