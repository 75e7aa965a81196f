import { createServer, type Server } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { migrate } from '../store/migrate.ts';
import { whyNotStarted } from './why-not-started.ts';

const at = (database_url: string | null) => ({ database_url, host: '127.0.0.1', port: 8000 });
const open: Server[] = [];
afterAll(() => {
  for (const server of open) server.close();
});

const failure = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

test('a database that nobody answers for is named, with what to do and without its password', async () => {
  // Of a name with two addresses the system says nothing but two failures, in an error without a message.
  for (const host of ['127.0.0.1', 'localhost']) {
    const url = `postgresql://someone:s3cret@${host}:1/books`;
    const { message } = whyNotStarted(await failure(migrate(url)), at(url));
    expect(message).toContain(`the database "books" at ${host}:1, which DATABASE_URL names (ECONNREFUSED)`);
    expect(message).toContain('Start PostgreSQL there, or correct DATABASE_URL');
    expect(message).not.toMatch(/s3cret|someone/);
  }
});

test('a database that is not there, or lets nobody in, is told apart', () => {
  const url = 'postgresql://someone:s3cret@db.example/books';
  const of = (code: string, message: string) =>
    whyNotStarted(Object.assign(new Error(message), { code }), at(url)).message;
  expect(of('3D000', 'database "books" does not exist')).toBe(
    'There is no database "books" at db.example, which DATABASE_URL names. Make it (createdb books), or correct it.',
  );
  expect(of('28P01', 'password authentication failed for user "someone"')).toContain('Correct user and password');
  expect(of('53300', 'sorry, too many clients already')).toContain('lower AOS_MAX_CONNECTIONS');
  expect(whyNotStarted(new Error('timeout expired'), at(url)).message).toContain('no answer in time');
});

test('a port that is taken is named', async () => {
  const first = createServer();
  open.push(first);
  await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
  const taken = first.address();
  const port = typeof taken === 'object' && taken !== null ? taken.port : 0;
  const second = createServer();
  const error = await new Promise((resolve) => second.once('error', resolve).listen(port, '127.0.0.1'));
  const { message } = whyNotStarted(error, { ...at(null), port });
  expect(message).toContain(`The port ${port} of 127.0.0.1 cannot be opened: another program has it (EADDRINUSE)`);
});

test('whatever else it was is told as it was', () => {
  const error = new Error('something else');
  expect(whyNotStarted(error, at(null))).toBe(error);
  expect(whyNotStarted(error, at('postgresql://db.example/books'))).toBe(error);
});
