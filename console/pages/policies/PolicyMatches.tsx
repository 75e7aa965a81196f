import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { useLive } from '../../live.tsx';
import { exactText } from '../../ui/format.ts';
import { LoadingMore } from '../../ui/States.tsx';

type Policy = Answer<'getPolicy'>;

/** How many of the calls since it is in force it took, and by which of its conditions the others were kept out. */
export function PolicyMatches({ of }: { of: Policy }) {
  const { state } = useLive();
  const { data, isPending } = useApi(
    'getMatches',
    { params: { id: of.id }, query: { is_synthetic: 'all' } },
    { staleTime: 10_000, refetchInterval: state === 'paused' ? false : 10_000, enabled: of.status === 'active' },
  );
  if (of.status !== 'active') return null;
  if (isPending) return <LoadingMore what="what it matched" />;
  if (!data || data.version === null) return null;
  const calls = Number(data.calls);
  const is_idle = calls > 0 && data.matched !== null && Number(data.matched) === 0;
  return (
    <>
      <p className="quiet">
        {matchedWords(data.matched, calls, data.calls_is_exact)} since v{data.version}.{' '}
        <Link href={explainOf(of.target)}>Explain {is_idle ? 'why' : 'a call that it may take'}</Link>
      </p>
      {is_idle && (
        <ul aria-label="What kept calls out">
          {data.kept_out.map((kept) => (
            <li key={kept.by}>
              <span className="number">{exactText(Number(kept.calls))}</span> {kept.words}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function matchedWords(matched: Answer<'getMatches'>['matched'], calls: number, is_exact: boolean): string {
  if (calls === 0) return 'No call was made';
  const of_all = is_exact
    ? `${exactText(calls)} ${calls === 1 ? 'call' : 'calls'}`
    : `the latest ${exactText(calls)} calls`;
  if (matched === null) return `Not known how many of ${of_all} matched (records do not keep which tools were offered)`;
  return `${exactText(Number(matched))} of ${of_all} matched`;
}

/** The form that explains calls, with what the target names. */
function explainOf({ kind, ids = [], when = {} }: Policy['target']): string {
  const [first] = ids;
  const named = first !== undefined && ['agent', 'actor', 'project'].includes(kind) ? [[kind, first]] : [];
  const [model] = (when.model ?? []).filter((name) => !name.endsWith('*'));
  const narrowed = Object.entries({ model, tool: when.tool?.[0], tag: when.tag?.[0] });
  const asked = [...named, ...narrowed].flatMap(([name = '', value]) => (value === undefined ? [] : [[name, value]]));
  return asked.length === 0 ? '/policies/explain' : `/policies/explain?${new URLSearchParams(asked)}`;
}
