import { useEffect, useState } from 'react';
import { call } from '../api.ts';
import { ApiProblem } from '../problem.ts';
import { Button } from '../ui/Button.tsx';
import { enter } from './enter.ts';

/** Where the identity provider sends people back to. */
const return_path = '/sign-in/oidc';
/** The page that somebody wanted before they went there. */
const wanted_key = 'aos.wanted';

/** Goes to the identity provider and, when it has sent somebody back, finishes their sign-in. */
export function OidcButton({ onSignedIn }: { onSignedIn: () => void }) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<string | null>(null);
  const attempt = async (act: () => Promise<string | null>) => {
    setBusy(true);
    setWrong(null);
    const said = await act().catch((error: unknown) => {
      if (error instanceof ApiProblem) return error.message;
      throw error;
    });
    setWrong(said);
    if (said !== null) setBusy(false);
  };
  useEffect(() => {
    if (window.location.pathname === return_path) void attempt(() => finish(onSignedIn));
  });
  return (
    <>
      <Button disabled={busy} onClick={() => void attempt(begin)}>
        {busy ? 'Signing in …' : 'Single sign-on'}
      </Button>
      {wrong !== null && <p role="alert">{wrong}</p>}
    </>
  );
}

async function begin(): Promise<null> {
  const { url } = await call('beginOidc', { body: {} });
  const { pathname, search, hash } = window.location;
  window.sessionStorage.setItem(wanted_key, pathname + search + hash);
  window.location.assign(url);
  return null;
}

/** The address is made clean first: what stands in it is good once. */
async function finish(onSignedIn: () => void): Promise<string | null> {
  const said = new URLSearchParams(window.location.search);
  // A page of this origin, whatever stands there: the browser lets no other address be put in its place.
  const wanted = window.sessionStorage.getItem(wanted_key) ?? '/';
  window.history.replaceState(null, '', wanted.startsWith('/') ? wanted : '/');
  const [code, state, iss] = ['code', 'state', 'iss'].map((name) => said.get(name));
  if (!code || !state) return 'The identity provider did not let you in. Ask whoever runs it, or sign in another way.';
  await call('finishOidc', { body: { code, state, ...(iss && { iss }) } });
  return enter(onSignedIn);
}
