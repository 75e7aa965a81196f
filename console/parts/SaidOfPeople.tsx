import { Link } from 'wouter';
import { useApi } from '../api.ts';
import { hrefOf } from '../paths.ts';
import { shortId } from '../ui/format.ts';
import { Instant } from '../ui/Time.tsx';
import { marksIn } from './marks-in.ts';

/** A sentence of the API about what people did: keys by their names, instants as everywhere else. */
export const SaidOfPeople = ({ text }: { text: string }) =>
  marksIn(text).map((part, at) =>
    typeof part === 'string' ? (
      part
    ) : 'at' in part ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence keep their places
      <Instant key={at} at={part.at} />
    ) : part.id.startsWith('key_') ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence keep their places
      <KeyName key={at} id={part.id} />
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence keep their places
      <code key={at} title={part.id}>
        {shortId(part.id)}
      </code>
    ),
  );

/** Its name where the reader may see it. */
function KeyName({ id }: { id: string }) {
  const key = useApi('getApiKey', { params: { id } }, { staleTime: 60_000 });
  return (
    <Link href={hrefOf(id)} title={id}>
      {key.data?.name ?? <code>{shortId(id)}</code>}
    </Link>
  );
}
