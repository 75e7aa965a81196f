import { useLocation } from 'wouter';
import { tabs } from '../tabs.ts';
import { Tabs } from '../ui/Tabs.tsx';

/** The way to the other pages of a room. */
export function RoomTabs({ of }: { of: keyof typeof tabs }) {
  const [path] = useLocation();
  return <Tabs label={of} of={tabs[of].map(({ name, href }) => ({ name, href, current: path === href }))} />;
}
