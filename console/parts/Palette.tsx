import { Command } from 'cmdk';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import { useApi } from '../api.ts';
import { hrefOf, id_shape } from '../paths.ts';
import { rooms } from '../routes.tsx';
import { chooseTheme } from '../theme.ts';
import { shortId } from '../ui/format.ts';
import styles from './Palette.module.css';

/** What is done on a page of its own. */
const doings = [
  ['Write a new policy', '/policies/new'],
  ['Cap an agent per day', '/policies/new?template=daily-cap'],
  ['Explain a call', '/policies/explain'],
  ['Make or revoke a key', '/settings/api-keys'],
  ['Contain or release an agent', '/settings/agents'],
  ['Raise a limit once', '/limits'],
  ['Send a test to a channel', '/settings/channels'],
  ['Set a price', '/settings/prices'],
  ['Invite somebody', '/settings/members'],
  ['Look at the health of the system', '/settings/system'],
] as const;

interface Props {
  onClose: () => void;
  onKeys: () => void;
}

/** Goes anywhere by name or id, and does what has no place of its own. */
export function Palette({ onClose, onKeys }: Props) {
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const asked = text.trim();
  const found = useFound(asked);
  const go = (href: string) => () => {
    onClose();
    navigate(href);
  };
  const done = (act: () => void) => () => {
    onClose();
    act();
  };
  return (
    <Command.Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      label="Search or run a command"
      overlayClassName={styles.scrim ?? ''}
      contentClassName={styles.palette ?? ''}
    >
      <Command.Input
        value={text}
        onValueChange={setText}
        placeholder="Find an agent, policy, key or run by name or goal; paste any id; do something"
      />
      <Command.List label="Results">
        <Command.Empty>Nothing by this name. Paste a whole id to open what it belongs to.</Command.Empty>
        {id_shape.test(asked) && (
          <Command.Item value={asked} onSelect={go(hrefOf(asked))}>
            Open <code>{asked}</code>
          </Command.Item>
        )}
        <Command.Group heading="Go to">
          {rooms.map(({ name, href, key }) => (
            <Command.Item key={href} value={name} onSelect={go(href)}>
              {name} <kbd>g {key}</kbd>
            </Command.Item>
          ))}
        </Command.Group>
        {found.length > 0 && (
          <Command.Group heading="Found">
            {found.map(({ kind, id, name, about, url }) => (
              <Command.Item key={id} value={`${asked} ${kind} ${name} ${id}`} onSelect={go(pathIn(url))}>
                <span className="cut">{name}</span>{' '}
                <span className="faint" style={{ whiteSpace: 'nowrap' }}>
                  {kind.replace('api_key', 'key').replace('actor', 'human')}
                  {about && about !== name && `, ${about}`}
                  {kind === 'run' && (
                    <>
                      , <code>{shortId(id)}</code>
                    </>
                  )}
                </span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        <Command.Group heading="Do">
          {doings.map(([name, href]) => (
            <Command.Item key={href} value={name} onSelect={go(href)}>
              {name}
            </Command.Item>
          ))}
          <Command.Item onSelect={done(() => chooseTheme('dark'))}>Dark theme</Command.Item>
          <Command.Item onSelect={done(() => chooseTheme('light'))}>Light theme</Command.Item>
          <Command.Item onSelect={done(onKeys)}>
            Show the keyboard map <kbd>?</kbd>
          </Command.Item>
        </Command.Group>
      </Command.List>
    </Command.Dialog>
  );
}

const pause_ms = 150;

/** What the server finds for the text, once nobody types for a moment; what was found before stays until then. */
function useFound(text: string) {
  const [settled, setSettled] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), pause_ms);
    return () => clearTimeout(timer);
  }, [text]);
  const search = useApi(
    'search',
    { query: { q: settled } },
    { enabled: settled.length > 1, placeholderData: (before) => before, staleTime: 10_000 },
  );
  return settled.length > 1 ? (search.data?.items ?? []) : [];
}

const pathIn = (url: string): string => {
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
};
