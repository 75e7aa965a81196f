import { Command } from 'cmdk';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useApi } from '../api.ts';
import { hrefOf, id_shape } from '../paths.ts';
import { chosenProject } from '../project.ts';
import { rooms } from '../routes.tsx';
import { tabs } from '../tabs.ts';
import { chooseTheme } from '../theme.ts';
import { Said } from '../ui/Amount.tsx';
import { chooseDensity } from '../ui/density.ts';
import { shortId } from '../ui/format.ts';
import styles from './Palette.module.css';
import { useSettledText } from './settled-text.ts';

/** What is done on a page of its own, also by other words than those that stand here. */
const doings = [
  ['Write a new policy', '/policies/new', 'create add limit rule budget'],
  ['Cap an agent per day', '/policies/new?template=daily-cap', 'limit budget spend cost'],
  ['Explain a call', '/policies/explain', 'why decision refused blocked'],
  ['Make or revoke a key', '/settings/api-keys', 'new key create add rotate api secret contain stop'],
  ['Contain or release an agent', '/settings/agents', 'stop block disable quarantine'],
  ['Pause or kill a run', '/activity/live', 'stop cancel end abort'],
  ['Raise a limit once', '/limits', 'top up override more budget'],
  ['Acknowledge an alert', '/activity/alerts', 'limit tier reached told ack'],
  ['Send a test to a channel', '/settings/channels', 'alert notify slack webhook e-mail'],
  ['Add a provider', '/settings/providers', 'new model openai anthropic ollama'],
  ['Set a price', '/settings/prices', 'new model cost'],
  ['Invite somebody', '/settings/members', 'new add member user person role'],
  ['Look at the health of the system', '/settings/system', 'status'],
] as const;

const pages_below = Object.entries(tabs).flatMap(([room, of]) => of.map(({ name, href }) => ({ room, name, href })));

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
          {asked !== '' &&
            pages_below.map(({ room, name, href }) => (
              <Command.Item key={href} value={`${room}: ${name}`} onSelect={go(href)}>
                {room}: {name}
              </Command.Item>
            ))}
        </Command.Group>
        {found.length > 0 && (
          <Command.Group heading="Found">
            {found.map(({ kind, id, name, about, url }) => (
              <Command.Item key={id} value={`${asked} ${kind} ${name} ${id}`} onSelect={go(pathIn(url))}>
                <span className="cut">
                  <Said text={name} />
                </span>{' '}
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
          {doings.map(([name, href, words]) => (
            <Command.Item key={name} value={name} keywords={words.split(' ')} onSelect={go(href)}>
              {name}
            </Command.Item>
          ))}
          <Command.Item onSelect={done(() => chooseDensity('comfortable'))}>Comfortable rows</Command.Item>
          <Command.Item onSelect={done(() => chooseDensity('dense'))}>Dense rows</Command.Item>
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

/** What the server finds for the text, once nobody types for a moment; what was found before stays until then. */
function useFound(text: string) {
  const settled = useSettledText(text);
  const search = useApi(
    'search',
    { query: { q: settled, ...(chosenProject() === 'demo' && { is_synthetic: 'all' as const }) } },
    { enabled: settled.length > 1, placeholderData: (before) => before, staleTime: 10_000 },
  );
  return settled.length > 1 ? (search.data?.items ?? []) : [];
}

const pathIn = (url: string): string => {
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
};
