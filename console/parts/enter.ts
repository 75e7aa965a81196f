import { call } from '../api.ts';
import { chooseProject } from '../project.ts';

/** After the server has let somebody in. Answers what is wrong, in words, when the browser has no session all the same. */
export async function enter(onSignedIn: () => void): Promise<string | null> {
  // What somebody else looked at here says nothing about whoever comes now.
  chooseProject(null);
  const session = await call('getSession');
  if (!session.signed_in) return 'This is right, but this browser did not keep the session: it refuses the cookie.';
  onSignedIn();
  return null;
}
