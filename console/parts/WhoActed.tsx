import { Cpu, KeyRound, UserRound } from 'lucide-react';
import type { Item } from '../api.ts';
import { id_shape } from '../paths.ts';
import { IdLink } from './Chips.tsx';

type Entry = Item<'listLedgerEntries'>;

const signs = { human: UserRound, service: KeyRound, system: Cpu } as const;

/** Who acted, by name where there is one, with a sign of what they are. */
export function WhoActed({ of }: { of: Pick<Entry, 'actor_type' | 'actor_id' | 'actor_name'> }) {
  const Sign = signs[of.actor_type];
  return (
    <span title={`${of.actor_type} ${of.actor_id}`}>
      <Sign size={13} aria-hidden="true" style={{ verticalAlign: '-2px', color: 'var(--text-3)' }} />
      <span className="only-read">{of.actor_type}</span> <Named id={of.actor_id} name={of.actor_name} />
    </span>
  );
}

/** A name that leads to what it is of; the short id where it has none. */
export function Named({ id, name }: { id: string; name: string | null }) {
  if (!id_shape.test(id)) return id;
  return <IdLink id={id} name={name} />;
}
