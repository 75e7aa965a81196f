import { totalText } from '@aos/core/base/total.ts';
import { useState } from 'react';
import { type Answer, useApi } from '../../api.ts';
import { ChosenNames } from '../../parts/ChosenNames.tsx';
import { useSettledText } from '../../parts/settled-text.ts';
import { LinkButton } from '../../ui/Button.tsx';
import { Combobox, type ComboOption } from '../../ui/Combobox.tsx';
import { countText, moneyText } from '../../ui/format.ts';

type Targets = Answer<'listTargets'>;

/** Most that are chosen one by one; a file may name more. */
const most = 50;
/** Of one text for a while: figures of seven days do not move while somebody reads them. */
const a_minute = { staleTime: 60_000 };

interface Props {
  kind: string;
  /** The kind as people say it. */
  word: string;
  ids: readonly string[];
  error: string | null;
  onChange: (ids: string[]) => void;
}

/** Whom of a kind the policy names: found by name or id, each with what it ran and spent in the last seven days. */
export function TargetNames({ kind, word, ids, error, onChange }: Props) {
  const [text, setText] = useState('');
  const q = useSettledText(text.trim());
  const found = useApi(
    'listTargets',
    { query: { kind, q } },
    { ...a_minute, placeholderData: (before) => before },
  ).data;
  const chosen = useApi(
    'listTargets',
    { query: { kind, value: ids.slice(0, most) } },
    { ...a_minute, enabled: ids.length > 0, placeholderData: (before) => before },
  ).data;
  const known = [...(found?.items ?? []), ...(chosen?.items ?? [])];
  const nameOf = (id: string) => known.find(({ value }) => value === id)?.name ?? id;
  const add = (more: readonly string[]) => {
    setText('');
    onChange([...new Set([...ids, ...more])].slice(0, Math.max(most, ids.length)));
  };
  const remove = (id: string) => onChange(ids.filter((one) => one !== id));
  const onTyped = (typed: string, by: 'enter' | 'leaving') => {
    const names = namesIn(typed, found?.items ?? []);
    const is_known = names.every((name) => known.some(({ value }) => value === name));
    // Of keys there is none before it is made; and what was left half typed is nobody's name.
    if (names.length > 0 && (is_known || (by === 'enter' && kind !== 'api_key'))) add(names);
  };
  const label = `Which ${word}s, by name or id`;
  return (
    <div style={{ display: 'grid', gridTemplateColumns: 'minmax(0, 1fr)', gap: 6 }}>
      <Combobox
        label={label}
        hint={
          kind === 'api_key'
            ? 'A key stays chosen when its secret is rotated.'
            : 'Enter adds what is typed, also one that has not been seen yet: it is watched from its first call.'
        }
        error={error}
        text={text}
        options={optionsOf({ found, kind, text: text.trim(), q, ids })}
        said={saidOf(found, word, ids.length)}
        onText={setText}
        onChoose={({ value, is_chosen }) => (is_chosen ? remove(value) : add([value]))}
        onTyped={onTyped}
        onBack={() => onChange(ids.slice(0, -1))}
      />
      <ChosenNames
        label={label}
        names={ids}
        nameOf={nameOf}
        about={(id) => <Used of={chosen?.items.find(({ value }) => value === id)} />}
        onRemove={remove}
      />
      {(chosen?.unknown ?? [])
        .filter((of) => ids.includes(of.text))
        .map((of) => (
          <Unknown
            key={of.text}
            of={of}
            word={word}
            onReplace={(near) => onChange([...new Set(ids.map((id) => (id === of.text ? near : id)))])}
          />
        ))}
    </div>
  );
}

/** What is typed: one name as it is known, or several. */
function namesIn(typed: string, items: Targets['items']): string[] {
  const whole = items.find(({ value, name }) => [value, name].includes(typed.trim()));
  return whole ? [whole.value] : typed.split(/[,\s]+/).filter((one) => one !== '');
}

interface Of {
  found: Targets | undefined;
  kind: string;
  text: string;
  /** The text of what is found. */
  q: string;
  ids: readonly string[];
}

function optionsOf({ found, kind, text, q, ids }: Of): ComboOption[] {
  const is_full = ids.length >= most;
  const options = (found?.items ?? []).map((of) => {
    const is_chosen = ids.includes(of.value);
    return {
      value: of.value,
      name: of.name === of.value || kind === 'api_key' ? of.name : `${of.name} (${of.value})`,
      about: [of.hint, usedText(of)].filter(Boolean).join(' · '),
      is_chosen,
      disabled: is_full && !is_chosen,
    };
  });
  const strange = found?.unknown.find((of) => of.text === text);
  if (!strange || text !== q) return options;
  const { nearest } = strange;
  return [
    ...(nearest === null ? [] : [{ value: nearest, name: nearest, about: 'nearest match', disabled: is_full }]),
    ...(kind === 'api_key'
      ? []
      : [{ value: text, name: text, about: 'as typed: watched from its first call', disabled: is_full }]),
  ];
}

function saidOf(found: Targets | undefined, word: string, chosen: number): string {
  if (!found) return 'Looking …';
  const [strange] = found.unknown;
  const full = chosen >= most ? ` ${most} are chosen, the most here; a file may name more.` : '';
  if (strange) {
    const near = strange.nearest === null ? 'and none is near.' : `the nearest is ${strange.nearest}.`;
    return `No ${word} "${strange.text}" is known, ${near}${full}`;
  }
  const { total, items } = found;
  const all = totalText(found);
  const of_all =
    total === items.length ? `${all} ${word}${total === 1 ? '' : 's'}` : `${items.length} of ${all} ${word}s`;
  return `${of_all}, with their runs and cost of the last 7 days; ${chosen} chosen.${full}`;
}

type Option = Targets['items'][number];

function usedText({ runs, cost_usd, has_unpriced }: Option): string {
  if (runs === null) return 'too many runs to count';
  const ran = `${countText(runs)} ${runs === 1 ? 'run' : 'runs'}`;
  if (has_unpriced && Number(cost_usd) === 0) return `${ran} · price unknown`;
  return `${ran} · ${moneyText(cost_usd)}${has_unpriced ? ' and calls without a price' : ''}`;
}

const Used = ({ of }: { of: Option | undefined }) =>
  of ? (
    <span className="quiet" style={{ paddingLeft: 8, fontSize: 12 }} title="Runs and cost of the last 7 days">
      {usedText(of)}
    </span>
  ) : null;

interface UnknownProps {
  of: Targets['unknown'][number];
  word: string;
  onReplace: (near: string) => void;
}

/** A name that nobody has, with the one that was likely meant. */
const Unknown = ({ of: { text, nearest }, word, onReplace }: UnknownProps) => (
  <p className="quiet" role="status">
    No {word} “{text}” has been seen yet.{' '}
    {nearest !== null && (
      <>
        The nearest is {nearest}: <LinkButton onClick={() => onReplace(nearest)}>take {nearest} instead</LinkButton>
      </>
    )}
  </p>
);
