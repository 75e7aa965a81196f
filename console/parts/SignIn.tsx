import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { call, type Input } from '../api.ts';
import { ApiProblem } from '../problem.ts';
import { Button, LinkButton } from '../ui/Button.tsx';
import { TextField } from '../ui/Field.tsx';
import { enter } from './enter.ts';
import { OidcButton } from './OidcButton.tsx';
import styles from './SignIn.module.css';

interface Props {
  /** Whether members sign in with an identity provider too. */
  has_oidc: boolean;
  onSignedIn: () => void;
}

/** Asks for a key or for who somebody is; the browser then holds a session and neither. */
export function SignIn({ has_oidc, onSignedIn }: Props) {
  const [by, setBy] = useState<'key' | 'password'>('key');
  const token = window.location.pathname === '/join' ? window.location.hash.slice(1) : '';
  useEffect(() => {
    document.title = 'Sign in · AOS';
  }, []);
  if (token !== '') return <Join token={token} onSignedIn={onSignedIn} />;
  const oidc = has_oidc && <OidcButton onSignedIn={onSignedIn} />;
  return by === 'key' ? (
    <KeyForm oidc={oidc} onSignedIn={onSignedIn} onOther={() => setBy('password')} />
  ) : (
    <PasswordForm oidc={oidc} onSignedIn={onSignedIn} onOther={() => setBy('key')} />
  );
}

interface FormProps {
  oidc: ReactNode;
  onSignedIn: () => void;
  onOther: () => void;
}

function KeyForm({ oidc, onSignedIn, onOther }: FormProps) {
  const field = useFocused();
  const { busy, wrong, submit } = useSubmit(async () => {
    const key = field.current?.value ?? '';
    return key.trim() === '' ? 'Paste a key to go on.' : signIn({ key }, onSignedIn);
  });
  return (
    <Form
      busy={busy}
      verb="Sign in"
      onSubmit={submit}
      other={
        <>
          {oidc}
          <LinkButton onClick={onOther}>With e-mail and password</LinkButton>
        </>
      }
    >
      <TextField
        ref={field}
        type="password"
        label="Admin key"
        name="key"
        autoComplete="current-password"
        spellCheck={false}
        error={wrong}
        hint="The server printed it at its first start and keeps it in its data folder. Keys of other roles open the console too."
      />
    </Form>
  );
}

function PasswordForm({ oidc, onSignedIn, onOther }: FormProps) {
  const field = useFocused();
  const password = useRef<HTMLInputElement>(null);
  const { busy, wrong, submit } = useSubmit(async () => {
    const email = field.current?.value.trim() ?? '';
    const chosen = password.current?.value ?? '';
    return email === '' || chosen === '' ? 'Both are needed.' : signIn({ email, password: chosen }, onSignedIn);
  });
  return (
    <Form
      busy={busy}
      verb="Sign in"
      onSubmit={submit}
      other={
        <>
          {oidc}
          <LinkButton onClick={onOther}>With a key</LinkButton>
        </>
      }
    >
      <TextField ref={field} type="email" label="E-mail" name="email" autoComplete="username" spellCheck={false} />
      <TextField
        ref={password}
        type="password"
        label="Password"
        name="password"
        autoComplete="current-password"
        error={wrong}
        hint="Forgotten? An admin makes a new link under Settings, Members."
      />
    </Form>
  );
}

/** Somebody with a link chooses a password and is in. */
function Join({ token, onSignedIn }: { token: string; onSignedIn: () => void }) {
  const field = useFocused();
  const { busy, wrong, submit } = useSubmit(async () => {
    const password = field.current?.value ?? '';
    const { email } = await call('acceptInvite', { body: { token, password } });
    return signIn({ email, password }, () => {
      window.history.replaceState(null, '', '/');
      onSignedIn();
    });
  });
  return (
    <Form busy={busy} verb="Choose it and sign in" onSubmit={submit}>
      <p className="quiet">You were invited. Choose a password; it is kept as a hash alone.</p>
      <TextField
        ref={field}
        type="password"
        label="Password"
        name="password"
        autoComplete="new-password"
        minLength={12}
        error={wrong}
        hint="At least 12 characters; a few words make a good one."
      />
    </Form>
  );
}

interface Shape {
  busy: boolean;
  verb: string;
  onSubmit: (event: FormEvent) => void;
  other?: ReactNode;
  children: ReactNode;
}

const Form = ({ busy, verb, onSubmit, other, children }: Shape) => (
  <main className={styles.page}>
    <form className={styles.form} onSubmit={onSubmit} noValidate>
      <h1>AOS</h1>
      {children}
      <Button type="submit" kind="primary" disabled={busy}>
        {busy ? 'Signing in …' : verb}
      </Button>
      {other}
    </form>
  </main>
);

function useFocused() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  return field;
}

/** Runs what a form does; its answer is what is wrong, in words. */
function useSubmit(act: () => Promise<string | null>) {
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setWrong(
      await act().catch((error: unknown) => {
        if (error instanceof ApiProblem) return error.message;
        throw error;
      }),
    );
    setBusy(false);
  };
  return { busy, wrong, submit: (event: FormEvent) => void submit(event) };
}

async function signIn(body: NonNullable<Input<'signIn'>['body']>, onSignedIn: () => void): Promise<string | null> {
  await call('signIn', { body });
  return enter(onSignedIn);
}
