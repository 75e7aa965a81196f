import { useApi } from '../../api.ts';
import { type Draft, ownChannels } from '../../parts/policy-draft.ts';
import { Said } from '../../ui/Amount.tsx';
import { Glyph } from '../../ui/Glyph.tsx';

/** Who is told when a limit is being used up, by name and address, and of whom it is not known that it arrives. */
export function NewTold({ draft }: { draft: Draft }) {
  const channels = useApi('listChannels', { query: { limit: 200 } });
  const told = slugsOf(draft).map((slug) => {
    const of = channels.data?.items.find((one) => one.slug === slug || one.id === slug);
    const doubt = of && of.kind !== 'console' && doubtOf(of);
    return { slug, text: of ? `${of.name}${of.address ? ` (${of.address})` : ''}` : slug, doubt };
  });
  if (told.length === 0)
    return (
      <p style={{ color: 'var(--warn)' }}>
        <Glyph name="triangle" /> Nobody is told: alerts stand in their list.
      </p>
    );
  return (
    <p>
      Told:{' '}
      {told.map(({ slug, text, doubt }, n) => (
        <span key={slug} className="quiet">
          {n > 0 && ', '}
          <Said text={text} />
          {doubt && <span style={{ color: 'var(--warn)' }}> {doubt}</span>}
        </span>
      ))}
    </p>
  );
}

interface Standing {
  enabled: boolean;
  tested_at: string | null;
  failing_since: string | null;
}

function doubtOf({ enabled, tested_at, failing_since }: Standing): string | null {
  if (!enabled) return '(disabled)';
  if (failing_since !== null) return '(fails)';
  return tested_at === null ? '(not tested)' : null;
}

function slugsOf({ controls }: Draft): string[] {
  const all = controls.flatMap(({ limit, alerts }) =>
    limit && alerts && alerts.enabled !== false
      ? [...alerts.channels, ...ownChannels(alerts).flatMap(([, names]) => names)]
      : [],
  );
  return [...new Set(all)];
}
