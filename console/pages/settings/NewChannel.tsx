import { useState } from 'react';
import { type Answer, call, useAct } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { NamesField } from '../../parts/NamesField.tsx';
import { RadioField } from '../../parts/RadioField.tsx';
import { SecretDialog } from '../../parts/SecretDialog.tsx';
import { TextField } from '../../ui/Field.tsx';
import { useToast } from '../../ui/Toast.tsx';

const kinds = [
  { value: 'slack', name: 'Slack', hint: 'An incoming webhook of Slack, or of what understands its form.' },
  { value: 'webhook', name: 'Webhook', hint: 'JSON to an address of yours, signed as Standard Webhooks say.' },
  { value: 'email', name: 'E-mail', hint: 'Needs SMTP_URL in the settings of the server.' },
];

/** Makes a channel and at once tries whether it arrives. */
export function NewChannel({ onClose }: { onClose: () => void }) {
  const create = useAct('createChannel');
  const toast = useToast();
  const [made, setMade] = useState<Answer<'createChannel'> | null>(null);
  const [kind, setKind] = useState('slack');
  const [slug, setSlug] = useState('');
  const [url, setUrl] = useState('');
  const [to, setTo] = useState<readonly string[]>([]);
  const [tried, setTried] = useState(false);
  const test = async (channel: Answer<'createChannel'>) => {
    const { ok, delivery } = await call('testChannel', { params: { id: channel.id } });
    toast(
      ok ? `${channel.slug} works: the test has arrived` : `The test did not arrive: ${delivery.last_error}`,
      ok ? {} : { tone: 'crit' },
    );
  };
  const done = (channel: Answer<'createChannel'>) => {
    void test(channel).catch((error: Error) => toast(error.message, { tone: 'crit' }));
    if (channel.secret) setMade(channel);
    else onClose();
  };
  if (made?.secret)
    return (
      <SecretDialog
        title={`The signing secret of ${made.slug}`}
        about="Whoever receives the webhook checks its signature with it. This is the only time it is shown."
        secret={made.secret}
        onClose={onClose}
      />
    );
  const address = kind === 'email' ? to.length > 0 : url.trim() !== '';
  const submit = () => {
    setTried(true);
    if (slug.trim() === '' || !address) return;
    const named = { slug: slug.trim(), kind: kind as 'slack' };
    const body = kind === 'email' ? { ...named, to: [...to] } : { ...named, url: url.trim() };
    create.mutate({ body: body as never }, { onSuccess: done });
  };
  return (
    <FormDialog
      title="New channel"
      about="A test is sent when it is made; a policy in force may use it once a test has arrived."
      verb="Make and test"
      busy={create.isPending}
      error={create.error}
      onSubmit={submit}
      onClose={onClose}
    >
      <RadioField label="Kind" value={kind} options={kinds} onChoose={setKind} />
      <TextField
        label="Name in policies"
        hint="Short and without spaces: ops"
        value={slug}
        error={tried && slug.trim() === '' ? 'Give it a name.' : null}
        onChange={(event) => setSlug(event.target.value)}
      />
      {kind === 'email' ? (
        <NamesField
          label="To"
          hint="Addresses; Enter adds one."
          error={tried && to.length === 0 ? 'Name somebody.' : null}
          names={to}
          onChange={setTo}
        />
      ) : (
        <TextField
          label="URL"
          hint="Kept sealed: only its origin is shown afterwards."
          value={url}
          error={tried && url.trim() === '' ? 'Say where it goes.' : null}
          onChange={(event) => setUrl(event.target.value)}
        />
      )}
    </FormDialog>
  );
}
