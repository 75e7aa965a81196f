import { namedBy } from '@aos/core/activity/named.ts';
import { ChevronDown, Search } from 'lucide-react';
import { DropdownMenu as Kit } from 'radix-ui';
import { type FormEvent, useState } from 'react';
import { Button } from './Button.tsx';
import menu from './Dialog.module.css';
import styles from './Filters.module.css';
import { exactText, valueText } from './format.ts';
import { Glyph } from './Glyph.tsx';
import { useKeyWords } from './key-words.ts';
import { written } from './query.ts';

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

/** How many rows there would be with each value of a facet, and its name; a facet that is absent was not counted. */
export type Counts = Readonly<Record<string, ReadonlyMap<string, { count: number; name?: string | undefined }>>>;

interface Props {
  facets: readonly Facet[];
  counts?: Counts | undefined;
  /** Of facets that are counted over the newest rows alone, how many these are. */
  newest?: Readonly<Record<string, number>>;
  /** How a query is written, where a list takes more than `name:value`. */
  example?: string | undefined;
  values: Filtering;
  onChange: ChangeFiltering;
}

/** What a list is narrowed to: menus for closed lists, `agent:support-bot` for the others, and what is chosen. */
export function Filters({ facets, counts = {}, newest = {}, example, values, onChange }: Props) {
  useKeyWords({ '/': 'Filter' });
  const chosen = facets.flatMap((facet) => (values[facet.name] ?? []).map((value) => ({ facet, value })));
  const change = (name: string, to: (now: readonly string[]) => readonly string[]) =>
    onChange((now) => ({ ...now, [name]: to(now[name] ?? []) }));
  const toggle = (name: string, value: string) =>
    change(name, (now) => (now.includes(value) ? now.filter((other) => other !== value) : withOne(name, now, value)));
  const takes_one = new Set(facets.flatMap((facet) => (facet.takes_one ? [facet.name] : [])));
  const withOne = (name: string, now: readonly string[], value: string) =>
    takes_one.has(name) ? [value] : [...new Set([...now, value])];
  const add = (name: string, value: string) => change(name, (now) => withOne(name, now, value));
  return (
    <div className={styles.bar} role="search" aria-label="Filters">
      <QueryField facets={facets} example={example} onAdd={add} />
      {facets.map(({ name, label, choices = namesOf(counts[name], values[name]) }) =>
        choices.length > 0 ? (
          <FacetMenu
            key={name}
            label={label}
            choices={choices}
            counts={counts[name]}
            newest={newest[name]}
            chosen={values[name] ?? []}
            onToggle={(value) => toggle(name, value)}
          />
        ) : null,
      )}
      {chosen.map(({ facet, value }) => (
        <span key={`${facet.name}:${value}`} className={styles.chosen}>
          <span className="quiet">{facet.label.toLowerCase()}</span>{' '}
          {counts[facet.name]?.get(value)?.name ?? chosenText(value)}
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

/** Names that people gave are chosen where it is known which there are; what is chosen stands there all the same. */
const namesOf = (counted: Counts[string] | undefined, chosen: readonly string[] = []) =>
  counted ? [...new Set([...counted.keys(), ...chosen])] : [];

/** `not support-bot` for what is left out. */
export const chosenText = (value: string): string => {
  const { some = [], none = [] } = namedBy([value]);
  return [...some.map(valueText), ...none.map((name) => `not ${valueText(name)}`)].join();
};

interface FacetMenuProps {
  label: string;
  choices: readonly string[];
  counts: Counts[string] | undefined;
  newest: number | undefined;
  chosen: readonly string[];
  onToggle: (value: string) => void;
}

function FacetMenu({ label, choices, counts, newest, chosen, onToggle }: FacetMenuProps) {
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
          {newest !== undefined && (
            <Kit.Label className={`faint ${menu.item}`}>Counted in the newest {exactText(newest)}</Kit.Label>
          )}
          {choices.map((choice) => (
            <Kit.CheckboxItem
              key={choice}
              className={menu.item}
              checked={chosen.includes(choice)}
              onCheckedChange={() => onToggle(choice)}
              onSelect={(event) => event.preventDefault()}
            >
              {counts?.get(choice)?.name ?? chosenText(choice)}
              {counts && <span className={styles.count}>{exactText(counts.get(choice)?.count ?? 0)}</span>}
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

/** The filter that takes what is written without a name. */
const free_text = 'q';

interface QueryProps extends Pick<Props, 'facets' | 'example'> {
  onAdd: (name: string, value: string) => void;
}

function QueryField({ facets, example, onAdd }: QueryProps) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const names = facets.map(({ name }) => name);
  const takes_text = names.includes(free_text);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const query = written(text, names);
    const has_text = query.text !== '';
    if (query.unknown !== undefined || (has_text && !takes_text) || (query.pairs.length === 0 && !has_text)) {
      const what = query.unknown === undefined ? 'Write name:value' : `"${query.unknown}" is no filter`;
      setWrong(`${what}; names: ${names.join(', ')}`);
      return;
    }
    for (const [name, value] of query.pairs) onAdd(name, value);
    if (has_text) onAdd(free_text, query.text);
    setText('');
    setWrong(null);
  };
  return (
    <form onSubmit={submit} style={{ display: 'contents' }}>
      <span className={styles.search}>
        <Search size={13} aria-hidden="true" />
        <input
          aria-label={takes_text ? 'Filter by name:value, or search' : 'Filter by name:value'}
          data-key="/"
          placeholder={
            example ??
            `${takes_text ? 'Search, or narrow to' : 'Narrow to'} ${names.find((name) => name !== free_text) ?? 'name'}:…`
          }
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
