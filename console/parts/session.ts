import { createContext, useContext } from 'react';
import type { Answer } from '../api.ts';

export type Session = Extract<Answer<'getSession'>, { signed_in: true }>;
type Permission = Session['permissions'][number];

const SessionContext = createContext<Session | null>(null);
export const SessionProvider = SessionContext.Provider;

/** Who is signed in. Only pages below the sign-in ask. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('no page is shown before somebody has signed in');
  return session;
}

/** Whether the signed-in key may do this; what it may not is shown with the reason and not hidden. */
export const useMay = (permission: Permission): boolean => useSession().permissions.includes(permission);
