import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { Route, Switch } from 'wouter';
import { useApi } from '../api.ts';
import { LiveProvider } from '../live.tsx';
import { type Route as PageRoute, routes } from '../routes.tsx';
import { Failed, GiveUp, Loading } from '../ui/States.tsx';
import { cancelSlow } from '../waiting.ts';
import { Followed } from './Followed.tsx';
import { Shell } from './Shell.tsx';
import { SignIn } from './SignIn.tsx';
import { SessionProvider } from './session.ts';

const NotFound = lazy(async () => ({ default: (await import('../pages/NotFound.tsx')).NotFound }));

/** Whoever is not signed in is asked for a key; then the page of the address. */
export function App() {
  const client = useQueryClient();
  const session = useApi('getSession', {}, { staleTime: 60_000, refetchInterval: 60_000 });
  if (session.isPending)
    return (
      <GiveUp.Provider value={cancelSlow}>
        <Loading what="the console" />
      </GiveUp.Provider>
    );
  // Whoever has signed in keeps what is shown while the server is away: its band says of when it is.
  if (!session.data)
    return <Failed what="The server does not answer" error={session.error} onRetry={() => void session.refetch()} />;
  if (!session.data.signed_in) {
    const has_oidc = session.data.has_oidc === true;
    return <SignIn has_oidc={has_oidc} onSignedIn={() => void client.invalidateQueries()} />;
  }
  return (
    <SessionProvider value={session.data}>
      <LiveProvider>
        <Shell>
          <GiveUp.Provider value={cancelSlow}>
            <Followed>
              <Switch>
                {routes.map((route) => (
                  <Route key={route.path} path={route.path}>
                    <Page of={route} />
                  </Route>
                ))}
                <Route>
                  <Suspense fallback={null}>
                    <NotFound />
                  </Suspense>
                </Route>
              </Switch>
            </Followed>
          </GiveUp.Provider>
        </Shell>
      </LiveProvider>
    </SessionProvider>
  );
}

/** A page that is there is shown at once: React would first show for at least 300 ms that it loads. */
function Page({ of }: { of: PageRoute }) {
  const [Now] = useState(() => of.now() ?? of.late);
  return (
    <Suspense fallback={<Loading what="the page" />}>
      <Now />
    </Suspense>
  );
}
