import { createContext, type ReactNode, useContext, useDeferredValue, useMemo } from 'react';
import { Router, useLocation, useSearch } from 'wouter';
import { navigate } from 'wouter/use-browser-location';

type Address = readonly [path: string, search: string];

const Shown = createContext<Address>(['/', '']);

/**
 * What follows the address. It is made in pieces, between which the browser answers the hand; until it is made, what
 * stood there before stays. Everything in it reads the address that it is made for.
 */
export function Followed({ children }: { children: ReactNode }) {
  const [path] = useLocation();
  const shown = useDeferredValue(`${path}?${useSearch()}`);
  const address = useMemo<Address>(() => {
    const at = shown.indexOf('?');
    return [shown.slice(0, at), shown.slice(at + 1)];
  }, [shown]);
  return (
    <Shown value={address}>
      <Router hook={useShownPath} searchHook={useShownSearch}>
        {children}
      </Router>
    </Shown>
  );
}

const useShownPath = (): [string, typeof navigate] => [useContext(Shown)[0], navigate];
const useShownSearch = () => useContext(Shown)[1];
