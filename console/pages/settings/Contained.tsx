import { useState } from 'react';
import { useApi } from '../../api.ts';
import { type Containment, kind_words, ReleaseDialog } from '../../parts/ContainDialog.tsx';
import { useMay } from '../../parts/session.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Panel, Section } from '../../ui/Page.tsx';
import { Failed } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './System.module.css';

/** All that is stopped until somebody releases it, people and the tenant too, which have no list of their own. */
export function Contained() {
  const { data, error, refetch } = useApi('listContainments', { query: { in_force: true, limit: 200 } });
  const may = useMay('operate');
  const [releasing, setReleasing] = useState<Containment | null>(null);
  return (
    <Section title="Contained now">
      {error && <Failed what="Containments cannot be read" error={error} onRetry={() => void refetch()} />}
      {data && data.items.length === 0 && <p className="quiet">Nothing is contained.</p>}
      {data && data.items.length > 0 && (
        <Panel>
          <ul className={styles.contained}>
            {data.items.map((stop) => (
              <li key={stop.id}>
                <Status tone="crit" glyph="square">
                  Contained
                </Status>
                <strong>
                  {kind_words[stop.kind]} {stop.name}
                </strong>
                <span>
                  {stop.reason} <span className="faint">· </span>
                  <Time at={stop.ordered_at} />
                </span>
                <Button
                  small
                  disabled={!may}
                  aria-label={`Release ${stop.name}…`}
                  title={may ? undefined : 'Your key may not release it'}
                  onClick={() => setReleasing(stop)}
                >
                  Release…
                </Button>
              </li>
            ))}
          </ul>
        </Panel>
      )}
      {data?.next_cursor && <p className="quiet">The newest 200 are shown. `npx aos containments` lists all.</p>}
      {releasing && <ReleaseDialog stop={releasing} onClose={() => setReleasing(null)} />}
    </Section>
  );
}
