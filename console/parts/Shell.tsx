import { useQueryClient } from '@tanstack/react-query';
import { LogOut, Moon, Search, Sun } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { call, useApi } from '../api.ts';
import { useLive } from '../live.tsx';
import { rooms } from '../routes.tsx';
import { chooseTheme } from '../theme.ts';
import { Button } from '../ui/Button.tsx';
import { Status } from '../ui/Chip.tsx';
import { chooseDensity, useDensity } from '../ui/density.ts';
import { clockText } from '../ui/format.ts';
import { copyText } from '../ui/Id.tsx';
import { withCommand } from '../ui/key-words.ts';
import { Menu } from '../ui/Menu.tsx';
import { Notice } from '../ui/States.tsx';
import { useToast } from '../ui/Toast.tsx';
import { KeyMap } from './KeyMap.tsx';
import { useKeys } from './keys.ts';
import { ProjectChoice } from './ProjectChoice.tsx';
import styles from './Shell.module.css';
import { useSession } from './session.ts';

const Palette = lazy(async () => ({ default: (await import('./Palette.tsx')).Palette }));

/** What stands around every page: where one is, where one can go, whether what is shown is of now. */
export function Shell({ children }: { children: ReactNode }) {
  const [, navigate] = useLocation();
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null);
  const say = useToast();
  const going = Object.fromEntries(rooms.map(({ key, href }) => [`g ${key}`, () => navigate(href)]));
  useKeys({
    ...going,
    c: () => navigate('/policies/new'),
    'mod+k': () => setOpen('palette'),
    'mod+shift+c': () => void copyText(window.location.href).then(() => say('The link of this page is copied.')),
    '?': () => setOpen('keys'),
    '/': () => document.querySelector<HTMLElement>('[data-key="/"]')?.focus(),
  });
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        Skip to the content
      </a>
      <TopBar onSearch={() => setOpen('palette')} onKeys={() => setOpen('keys')} />
      <Navigation />
      <main id="main" className={styles.main} tabIndex={-1}>
        <Staleness />
        {children}
      </main>
      {open === 'palette' && (
        <Suspense fallback={null}>
          <Palette onClose={() => setOpen(null)} onKeys={() => setOpen('keys')} />
        </Suspense>
      )}
      {open === 'keys' && <KeyMap onClose={() => setOpen(null)} />}
    </div>
  );
}

function TopBar({ onSearch, onKeys }: { onSearch: () => void; onKeys: () => void }) {
  const session = useSession();
  const density = useDensity();
  const isDark = () => document.documentElement.dataset.theme === 'dark';
  const [dark, setDark] = useState(isDark);
  const turn = () => {
    chooseTheme(dark ? 'light' : 'dark');
    setDark(isDark());
  };
  const signOut = async () => {
    await call('signOut');
    window.location.assign('/');
  };
  return (
    <header className={styles.top}>
      <Link href="/" className={styles.name}>
        aos
      </Link>
      <ProjectChoice />
      <button type="button" className={styles.search} onClick={onSearch}>
        <Search size={13} aria-hidden="true" /> <span className={`cut ${styles.roomy}`}>Search or run a command</span>
        <span className={styles.rest} />
        <kbd className={styles.roomy}>{withCommand('K')}</kbd>
      </button>
      <span className={styles.rest} />
      <LiveDot />
      <span className={`quiet ${styles.roomy}`}>UTC</span>
      <Button kind="plain" className={styles.icon} onClick={turn} aria-label={dark ? 'Light theme' : 'Dark theme'}>
        {dark ? <Sun size={15} /> : <Moon size={15} />}
      </Button>
      <Menu
        items={[
          { name: `Key ${session.api_key.name} (${session.role})`, disabled: true, onChoose: () => undefined },
          { name: 'Keyboard', hint: '?', onChoose: onKeys },
          {
            name: density === 'dense' ? 'Comfortable rows' : 'Dense rows',
            onChoose: () => chooseDensity(density === 'dense' ? 'comfortable' : 'dense'),
          },
          { name: 'Follow the theme of the system', onChoose: () => chooseTheme('system') },
          { name: 'Sign out', onChoose: () => void signOut() },
        ]}
      >
        <Button kind="plain" aria-label={`Account: ${session.api_key.name}`}>
          <span className={`cut ${styles.roomy}`}>{session.api_key.name}</span> <LogOut size={14} aria-hidden="true" />
        </Button>
      </Menu>
    </header>
  );
}

function LiveDot() {
  const { state, setPaused } = useLive();
  const tones = { live: 'ok', paused: 'neutral', stale: 'warn' } as const;
  const glyphs = { live: 'dot', paused: 'pause', stale: 'triangle' } as const;
  return (
    <button
      type="button"
      className={styles.state}
      onClick={() => setPaused(state !== 'paused')}
      title={state === 'paused' ? 'Go on updating' : 'Pause updates'}
    >
      <Status tone={tones[state]} glyph={glyphs[state]}>
        {state}
      </Status>
    </button>
  );
}

function Navigation() {
  const [path] = useLocation();
  const open = useApi('listIncidents', { query: { status: 'open', limit: 1 } });
  const nav = useRef<HTMLElement>(null);
  // A narrow window has the rooms in a row that is wider than it: where one is must not lie beyond its edge.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path says which room is the current one
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  return (
    <nav ref={nav} className={styles.nav} aria-label="Rooms">
      {rooms.map(({ name, href, below }) => {
        const is_here = path === href || below.some((start) => path === start || path.startsWith(`${start}/`));
        return (
          <Link key={href} href={href} aria-current={is_here ? 'page' : undefined}>
            {name}
            {href === '/incidents' && (open.data?.total ?? 0) > 0 && (
              <span>
                {open.data?.total}
                <span className="only-read"> open incidents</span>
              </span>
            )}
          </Link>
        );
      })}
    </nav>
  );
}

function Staleness() {
  const { state, heard_ms } = useLive();
  const client = useQueryClient();
  if (state !== 'stale') return null;
  const shown = client.getQueryCache().findAll({ type: 'active' });
  const freshest = Math.max(...shown.map(({ state: { dataUpdatedAt } }) => dataUpdatedAt));
  return (
    <Notice>
      Live updates stopped {clockText(heard_ms)} UTC — reconnecting. Numbers are from{' '}
      {clockText(Math.min(freshest, heard_ms))} UTC; what is done meanwhile is refused and not kept.
    </Notice>
  );
}
