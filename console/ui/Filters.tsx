import { namedBy } from '@aos/core/activity/named.ts';
import { ChevronDown, Search } from 'lucide-react';
import { DropdownMenu as Kit } from 'radix-ui';
import { type FormEvent, useState } from 'react';
import { Button } from './Button.tsx';
import menu from './Dialog.module.css';
import styles from './Filters.module.css';
import { Glyph } from './Glyph.tsx';
import { useKeyWords } from './key-words.ts';

export interface Facet {
  name: string;
  label: string;
  /** The closed list of its values; absent: any text, written as `name:value`. */
  choices?: readonly string[];
  /** One value can be given and none left out. */
  takes_one?: boolean;
}

export type Filtering = Readonly<Record<string, readonly string[]>>;

/** Sets it, or makes it of what it is when its turn comes: two changes may come before the first is shown. */
export type ChangeFiltering = (to: Filtering | ((now: Filtering) => Filtering)) => void;

interface Props {
  facets: readonly Facet[];
  values: Filtering;
  onChange: ChangeFiltering;
}

/** What a list is narrowed to: menus for closed lists, `agent:support-bot` for the others, and what is chosen. */
export function Filters({ facets, values, onChange }: Props) {
  useKeyWords({ '/': 'Filter' });
  const chosen = facets.flatMap((facet) => (values[facet.name] ?? []).map((value) => ({ facet, value })));
  const change = (name: string, to: (now: readonly string[]) => readonly string[]) =>
    onChange((now) => ({ ...now, [name]: to(now[name] ?? []) }));
  const toggle = (name: string, value: string) =>
    change(name, (now) => (now.includes(value) ? now.filter((other) => other !== value) : [...now, value]));
  return (
    <div className={styles.bar} role="search" aria-label="Filters">
      <QueryField facets={facets} onAdd={(name, value) => change(name, (now) => [...new Set([...now, value])])} />
      {facets.map(({ name, label, choices }) =>
        choices ? (
          <FacetMenu
            key={name}
            label={label}
            choices={choices}
            chosen={values[name] ?? []}
            onToggle={(value) => toggle(name, value)}
          />
        ) : null,
      )}
      {chosen.map(({ facet, value }) => (
        <span key={`${facet.name}:${value}`} className={styles.chosen}>
          <span className="quiet">{facet.label.toLowerCase()}</span> {chosenText(value)}
          <button
            type="button"
            aria-label={`Remove ${facet.label} ${chosenText(value)}`}
            onClick={() => toggle(facet.name, value)}
          >
            <Glyph name="cross" size={9} />
          </button>
        </span>
      ))}
      {chosen.length > 1 && (
        <Button kind="plain" small onClick={() => onChange({})}>
          Clear all
        </Button>
      )}
    </div>
  );
}

/** `not support-bot` for what is left out. */
export const chosenText = (value: string): string => {
  const { some = [], none = [] } = namedBy([value]);
  return [...some, ...none.map((name) => `not ${name}`)].join();
};

interface FacetMenuProps {
  label: string;
  choices: readonly string[];
  chosen: readonly string[];
  onToggle: (value: string) => void;
}

function FacetMenu({ label, choices, chosen, onToggle }: FacetMenuProps) {
  return (
    <Kit.Root modal={false}>
      <Kit.Trigger asChild>
        <Button className={styles.facet}>
          {label}
          {chosen.length > 0 && <span className="quiet">{chosen.length}</span>}
          <ChevronDown size={13} aria-hidden="true" />
        </Button>
      </Kit.Trigger>
      <Kit.Portal>
        <Kit.Content className={menu.menu} align="start" sideOffset={4} collisionPadding={8}>
          {choices.map((choice) => (
            <Kit.CheckboxItem
              key={choice}
              className={menu.item}
              checked={chosen.includes(choice)}
              onCheckedChange={() => onToggle(choice)}
              onSelect={(event) => event.preventDefault()}
            >
              {choice}
              <Kit.ItemIndicator>
                <Glyph name="check" />
              </Kit.ItemIndicator>
            </Kit.CheckboxItem>
          ))}
        </Kit.Content>
      </Kit.Portal>
    </Kit.Root>
  );
}

function QueryField({ facets, onAdd }: { facets: readonly Facet[]; onAdd: (name: string, value: string) => void }) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const names = facets.map(({ name }) => name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const pairs = [...text.matchAll(/([a-z_]+):("([^"]*)"|\S+)/g)];
    const unknown = pairs.find(([, name = '']) => !names.includes(name))?.[1];
    if (pairs.length === 0 || unknown !== undefined) {
      setWrong(
        `${unknown === undefined ? 'Write name:value' : `"${unknown}" is no filter`}; names: ${names.join(', ')}`,
      );
      return;
    }
    for (const [, name = '', plain = '', quoted] of pairs) onAdd(name, quoted ?? plain);
    setText('');
    setWrong(null);
  };
  return (
    <form onSubmit={submit} style={{ display: 'contents' }}>
      <span className={styles.search}>
        <Search size={13} aria-hidden="true" />
        <input
          aria-label="Filter by name:value"
          data-key="/"
          placeholder={`${names[0] ?? 'name'}:value`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </span>
      {wrong && (
        <span role="alert" className={styles.wrong}>
          {wrong}
        </span>
      )}
    </form>
  );
}
