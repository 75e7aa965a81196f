import { Link } from 'wouter';
import { useSession } from '../../parts/session.ts';
import { hrefOf } from '../../paths.ts';
import type { RunDetail } from './RunHead.tsx';

/** Who let a run wait or ended it: the reader, somebody by name, a key or a policy. */
export function Whose({ by }: { by: NonNullable<RunDetail['pause'] | RunDetail['kill']>['by'] }) {
  const { api_key } = useSession();
  if (by.id === api_key.id) return 'you';
  if (by.kind !== 'policy' && by.name === null) return 'somebody outside of this project';
  const name = by.name ?? by.id;
  if (by.kind === 'person') return name;
  return (
    <>
      {by.kind === 'policy' ? 'policy' : 'the key'} <Link href={hrefOf(by.id)}>{name}</Link>
    </>
  );
}
