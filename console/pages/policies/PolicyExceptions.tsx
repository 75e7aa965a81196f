import { useState } from 'react';
import { useAct, useApi } from '../../api.ts';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { useMay } from '../../parts/session.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Panel, Section } from '../../ui/Page.tsx';
import { Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
import { PolicyRows } from './PolicyRows.tsx';

interface Exception {
  id: string;
  sentence: string;
  reason: string;
  expires_at: string;
}

const listed = 50;

/** Who is exempt from it and which of its limits are raised now, until when and why; each can be ended before. */
export function PolicyExceptions({ id }: { id: string }) {
  const input = { params: { id }, query: { in_force: true, limit: listed } };
  const exemptions = useApi('listExemptions', input);
  const overrides = useApi('listOverrides', input);
  const all: Exception[] = [...(exemptions.data?.items ?? []), ...(overrides.data?.items ?? [])];
  const asked = [exemptions, overrides];
  const is_known = asked.every(({ data }) => data !== undefined);
  if (all.length === 0 && !asked.some(({ isError }) => isError)) return null;
  return (
    <Section title={is_known ? `Exceptions from it now (${all.length})` : 'Exceptions from it now'}>
      <Panel>
        <Trouble what="Who is exempt from it, or what is raised, could not be loaded" of={asked} />
        <PolicyRows columns="minmax(0, 2fr) minmax(0, 1fr) 112px 88px">
          {all.map((one) => (
            <Row key={one.id} of={one} />
          ))}
        </PolicyRows>
        {asked.some(({ data }) => data?.next_cursor) && (
          <p className="quiet">The newest {listed} of a kind are shown.</p>
        )}
      </Panel>
    </Section>
  );
}

function Row({ of }: { of: Exception }) {
  const may = useMay('activate_policies');
  const [ending, setEnding] = useState(false);
  return (
    <li>
      <span>
        <Said text={of.sentence} />
      </span>
      <span className="quiet">{of.reason}</span>
      <span className="quiet">
        ends <Time at={of.expires_at} />
      </span>
      <Button small kind="plain" disabled={!may} onClick={() => setEnding(true)}>
        End now…
      </Button>
      {ending && <EndDialog of={of} onClose={() => setEnding(false)} />}
    </li>
  );
}

function EndDialog({ of, onClose }: { of: Exception; onClose: () => void }) {
  const exemption = useAct('endExemption');
  const override = useAct('endOverride');
  const end = of.id.startsWith('exm_') ? exemption : override;
  const toast = useToast();
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="End this exception now?"
      about={<Said text={of.sentence} />}
      verb="End it"
      busy={end.isPending}
      error={end.error}
      onReason={(reason) =>
        end.mutate(
          { params: { id: of.id }, body: { reason } },
          {
            onSuccess: () => {
              toast('Ended: the policy holds for all it names');
              onClose();
            },
          },
        )
      }
    />
  );
}
