import { useLocation } from 'wouter';
import { Tabs } from '../ui/Tabs.tsx';

const tabs = [
  ['LLM runs', '/logs'],
  ['System', '/logs/system'],
  ['Audit ledger', '/logs/audit'],
] as const;

export function LogTabs() {
  const [path] = useLocation();
  return <Tabs label="Logs" of={tabs.map(([name, href]) => ({ name, href, current: path === href }))} />;
}
