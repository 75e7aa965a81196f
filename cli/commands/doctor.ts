import { statfsSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { totalText } from '@aos/core/base/total.ts';
import { AOSError } from '@aos/sdk/errors.ts';
import { exit_codes } from '../frame/exit-codes.ts';
import { ago, duration } from '../frame/format.ts';
import type { Session } from '../frame/session.ts';
import { dataFolders } from '../frame/settings.ts';
import type { Noun } from './define.ts';

/** One thing that was looked at. `fix`: what mends it, when it is not well. */
interface Finding {
  name: string;
  /** `told`: a fact that was not checked. */
  state: 'well' | 'told' | 'warning' | 'ill';
  found: string;
  fix?: string;
}

type Check = (session: Session) => Promise<Finding | Finding[]>;

export const doctor: Noun = {
  name: 'doctor',
  register: (program, act) => {
    program
      .command('doctor')
      .description('check that AOS is set up correctly, and say how to fix what is not')
      .action(act('Cannot run the checks', examine));
  },
};

async function examine(session: Session): Promise<number> {
  const findings = (await Promise.all(local.map((check) => check(session)))).flat();
  const server = await reach(session);
  findings.push(server);
  if (server.state !== 'ill')
    findings.push(...(await Promise.all(remote.map((check) => asked(check, session)))).flat());
  const { style } = session;
  const marks = {
    well: style.green(style.mark.tick),
    told: style.mark.step,
    warning: style.yellow(style.mark.warning),
    ill: style.red(style.mark.cross),
  };
  const ill = findings.filter(({ state }) => state === 'ill').length;
  session.show({
    data: { well: ill === 0, findings },
    text: () =>
      findings
        .map(
          ({ name, state, found, fix }) =>
            `${marks[state]} ${name.padEnd(9)} ${found}\n${fix === undefined ? '' : `            fix: ${fix}\n`}`,
        )
        .join(''),
    next: ill === 0 ? 'npx aos demo' : 'fix what is marked, then: npx aos doctor',
  });
  return ill === 0 ? exit_codes.ok : exit_codes.failed;
}

/** A check that cannot be made says so; the others go on. */
async function asked(check: { name: string; look: Check }, session: Session): Promise<Finding | Finding[]> {
  try {
    return await check.look(session);
  } catch (error) {
    if (!(error instanceof AOSError)) throw error;
    const fix =
      error.status === 401 || error.status === 403
        ? 'use a key that may read it:  --api-key, AOS_API_KEY'
        : 'npx aos logs system';
    return { name: check.name, state: 'ill', found: error.message, fix };
  }
}

const local: Check[] = [
  async () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const well = major > 20 || (major === 20 && minor >= 19);
    return {
      name: 'node',
      state: well ? 'well' : 'ill',
      found: process.version,
      ...(!well && { fix: 'install Node 20.19 or newer: https://nodejs.org' }),
    };
  },
  async ({ terminal }) => {
    const folder = dataFolders(terminal)[0] ?? terminal.cwd;
    const { bavail, bsize } = statfsOf(folder);
    const free_gb = (bavail * bsize) / 1e9;
    const state = free_gb < 0.5 ? 'ill' : free_gb < 2 ? 'warning' : 'well';
    return {
      name: 'disk',
      state,
      found: `${free_gb.toFixed(1)} GB free at ${folder}`,
      ...(state !== 'well' && { fix: 'make room, or keep the data elsewhere: AOS_DATA_DIR' }),
    };
  },
];

/** Of the folder, or of the nearest one above it that exists. */
function statfsOf(folder: string): { bavail: number; bsize: number } {
  try {
    return statfsSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return statfsOf(dirname(folder));
  }
}

async function reach(session: Session): Promise<Finding> {
  const { url } = session.settings;
  try {
    await session.aos.send({ method: 'GET', path: '/health', timeout_ms: 5_000 });
    return { name: 'server', state: 'well', found: `answers at ${url}` };
  } catch (error) {
    if (!(error instanceof AOSError)) throw error;
    if (error.status !== null)
      return {
        name: 'server',
        state: 'ill',
        found: error.message,
        fix: 'see what it logged, or start it again: npm start',
      };
    const { hostname, port, protocol } = new URL(url);
    const taken = await isTaken(hostname, Number(port) || (protocol === 'https:' ? 443 : 80));
    if (taken)
      return {
        name: 'port',
        state: 'ill',
        found: `another program holds ${url}`,
        fix: 'PORT=8001 npm start, then AOS_URL=http://127.0.0.1:8001',
      };
    return {
      name: 'server',
      state: 'ill',
      found: `nothing answers at ${url}`,
      fix: 'npm start     or say where it is: AOS_URL',
    };
  }
}

const isTaken = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, timeout: 2_000 });
    const end = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket
      .once('connect', () => end(true))
      .once('error', () => end(false))
      .once('timeout', () => end(false));
  });

/** Clocks of two machines may differ by so much before windows and signatures suffer. */
const skew_max_ms = 2_000;

const remote: { name: string; look: Check }[] = [
  {
    name: 'database',
    look: async ({ aos }) => {
      await aos.send({ method: 'GET', path: '/ready' });
      return { name: 'database', state: 'well', found: 'answers' };
    },
  },
  {
    name: 'key',
    look: async ({ aos, settings }) => {
      const of = await aos.call('getSession');
      if (of.signed_in)
        return {
          name: 'key',
          state: 'well',
          found: `${of.api_key.hint} is ${of.role} of ${of.tenant.slug} (from ${settings.key_from})`,
        };
      return {
        name: 'key',
        state: 'ill',
        found: `no key that the server knows (from: ${settings.key_from})`,
        fix: '--api-key, AOS_API_KEY, or run it where .aos is',
      };
    },
  },
  {
    name: 'clock',
    look: async ({ aos, terminal }) => {
      const before_ms = terminal.now();
      const { generated_at } = await aos.call('listRuns', { query: { limit: 1 } });
      const theirs_ms = Date.parse(generated_at);
      // It was told at some moment between asking and hearing: only what lies beyond that is a difference.
      const skew_ms = Math.max(0, before_ms - theirs_ms, theirs_ms - terminal.now());
      const well = skew_ms <= skew_max_ms;
      return {
        name: 'clock',
        state: well ? 'well' : 'ill',
        found: `${duration(skew_ms)} from the server's`,
        ...(!well && { fix: 'set the clock by the network: timedatectl set-ntp true' }),
      };
    },
  },
  {
    name: 'providers',
    look: async ({ aos }) => {
      const { items } = await aos.call('listProviders', { query: { limit: 200 } });
      const enabled = items.filter((of) => of.enabled);
      const keyless = enabled.filter(
        (of) => of.kind !== 'mock' && !of.has_secret && /api\.(openai|anthropic)\.com/.test(of.base_url ?? ''),
      );
      const lacking = keyless.map(
        (of): Finding => ({
          name: 'provider',
          state: 'ill',
          found: `${of.slug} has no key`,
          fix: `npx aos providers add ${of.slug} --key-env ${of.kind.toUpperCase()}_API_KEY`,
        }),
      );
      return [
        {
          name: 'providers',
          state: enabled.length > 0 ? 'well' : 'warning',
          found: enabled.map((of) => of.slug).join(', ') || 'none is enabled',
        },
        ...lacking,
      ];
    },
  },
  {
    name: 'channels',
    look: async ({ aos }) => {
      const { items } = await aos.call('listChannels', { query: { limit: 200 } });
      const ill = items.filter((of) => of.enabled && (of.failing_since !== null || of.tested_at === null));
      const found = items.map((of) => of.slug).join(', ') || 'none: alerts stay in the console';
      return [
        { name: 'channels', state: 'well', found },
        ...ill.map(
          (of): Finding => ({
            name: 'channel',
            state: of.failing_since === null ? 'warning' : 'ill',
            found:
              of.failing_since === null ? `${of.slug} was never tested` : `${of.slug} fails since ${of.failing_since}`,
            fix: `npx aos channels test ${of.slug}`,
          }),
        ),
      ];
    },
  },
  {
    name: 'ledger',
    look: async ({ aos, terminal }) => {
      const page = await aos.call('listLedgerEntries', { query: { limit: 1 } });
      const last = page.items[0];
      return {
        name: 'ledger',
        state: 'told',
        found: `${totalText(page)} entries${last ? `, the last ${ago(last.recorded_at, terminal.now())}` : ''}; not verified`,
      };
    },
  },
];
