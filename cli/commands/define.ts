import type { Command } from 'commander';
import type { Session } from '../frame/session.ts';

/** Makes the action of a command: it is given its session, then its arguments and options as commander has them. */
export type Act = <Rest extends unknown[]>(
  what: string,
  work: (session: Session, ...rest: Rest) => Promise<ExitCode>,
) => (...rest: Rest) => Promise<void>;

/** Nothing: it went well. */
export type ExitCode = number | undefined | void;

/** A word that follows `aos`, with its verbs. `aos <noun>` alone lists. */
export interface Noun {
  name: string;
  register(program: Command, act: Act): void;
}
