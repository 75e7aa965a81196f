import { Said } from '../../ui/Amount.tsx';
import { Notice } from '../../ui/States.tsx';
import { Instant, useNow } from '../../ui/Time.tsx';
import type { RunDetail } from './RunHead.tsx';
import { Whose } from './Whose.tsx';

type Pause = NonNullable<RunDetail['pause']>;

const day_ms = 86_400_000;

/** Who or what lets the run wait, since when and why, and what ends that. */
export function PausedNotice({ pause }: { pause: Pause }) {
  const { by, at, reason, until, on_timeout } = pause;
  const is_recent = useNow() - Date.parse(at) < day_ms;
  return (
    <Notice>
      <span>
        <strong>
          Paused by <Whose by={by} /> <Instant at={at} clock={is_recent} />
        </strong>
        {is_recent && ' UTC'}: <Said text={reason.replace(/[.\s]+$/, '')} />. Its calls wait, and streams under way
        stand still,{' '}
        {by.kind !== 'policy' ? (
          'until somebody resumes it; it never goes on by itself.'
        ) : until === null ? (
          'until the limit has room or somebody resumes it.'
        ) : (
          <>
            until the limit has room or somebody decides; otherwise {on_timeout === 'block' ? 'refused' : 'it goes on'}{' '}
            at <Instant at={until} clock={is_recent} />
            {is_recent && ' UTC'}.
          </>
        )}
      </span>
    </Notice>
  );
}
