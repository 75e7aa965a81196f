import { Problem } from '@aos/core/base/error.ts';

/** What an operator needs when the embedded database does not start: where, why in its own words, what to do. */
export function refusal(home: string, what: string, why: string): Problem {
  const hint = hintFor(why, 'Correct what it names');
  const words = why.trim().split('\n').slice(-12).join('\n  ');
  return new Problem(
    'governance_unavailable',
    `The embedded PostgreSQL in ${home} did not start: ${what}. In its own words:\n  ${words}\n` +
      `${hint}, or set DATABASE_URL to a PostgreSQL server.`,
  );
}

/** What to do about what PostgreSQL or the system says. */
export const hintFor = (why: string, otherwise: string): string =>
  hints.find(([pattern]) => pattern.test(why))?.[1] ?? otherwise;

const hints: [RegExp, string][] = [
  [/No space left on device|could not extend file/, 'Make room on that disk'],
  [/incompatible with server/, 'Start the release that made this database and move its rows over with pg_dump'],
  [/could not bind|could not create any TCP/, 'Free that port or choose another'],
  [/pre-existing shared memory block/, 'End the processes that an earlier server left behind (ps ax | grep postgres)'],
  [/look up effective user ID/, 'Start as a user who has a name in /etc/passwd'],
  [/ENOENT|cannot open shared object/, 'These binaries need Linux with glibc, or macOS'],
  [/EPERM|EACCES|Permission denied/, 'Start as an ordinary user who owns that folder'],
];
