import { useApi } from '../../api.ts';
import { useKeyName, useKeyNames } from '../../parts/key-names.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Changes } from './Changes.tsx';
import styles from './New.module.css';

interface Props {
  id: string;
  /** The version that was edited, and the one there is by now. */
  from: number;
  to: number;
  onTheirs: () => void;
  onMine: () => void;
}

/** Somebody else changed the policy while it was edited: what, why, and which of the two goes on. */
export function NewBehind({ id, from, to, onTheirs, onMine }: Props) {
  const diff = useApi('diffPolicyVersions', { params: { id }, query: { from, to } });
  const names = useKeyNames();
  const { data } = diff;
  const author = useKeyName(data?.author ?? null, names);
  return (
    <section className={styles.findings} aria-label="Changed by somebody else meanwhile">
      <Status tone="warn" glyph="triangle">
        <span style={{ whiteSpace: 'normal' }}>
          {author ?? data?.author ?? 'Somebody'} changed this policy since: version {from} is version {to} now
        </span>
      </Status>
      {diff.isPending && <Loading what="what changed" rows={2} />}
      {diff.isError && (
        <Failed what="What changed could not be loaded" error={diff.error} onRetry={() => void diff.refetch()} />
      )}
      {data && (
        <>
          {data.reason !== null && (
            <p className="quiet">
              <Said text={data.reason} />
            </p>
          )}
          <Changes of={data.changes} />
        </>
      )}
      <div className={styles.choices}>
        <Button onClick={onTheirs}>Take theirs, drop mine</Button>
        <Button onClick={onMine}>Go on with mine, over theirs</Button>
      </div>
    </section>
  );
}
