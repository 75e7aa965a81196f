import { agents } from './agents.ts';
import { alerts } from './alerts.ts';
import { channels } from './channels.ts';
import { completion } from './completion.ts';
import { containments } from './containments.ts';
import type { Noun } from './define.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { incidents } from './incidents.ts';
import { keys } from './keys.ts';
import { limits } from './limits.ts';
import { login, logout } from './login.ts';
import { logs } from './logs.ts';
import { open } from './open.ts';
import { policy } from './policy.ts';
import { providers } from './providers.ts';
import { proxy } from './proxy.ts';
import { run } from './run.ts';
import { runs } from './runs.ts';
import { signals } from './signals.ts';
import { simulate } from './simulate.ts';
import { up } from './up.ts';
import { version } from './version.ts';
import { whoami } from './whoami.ts';

/** Every word that may follow `aos`, in the order in which help lists them. */
export const nouns: readonly Noun[] = [
  up,
  demo,
  run,
  simulate,
  runs,
  policy,
  limits,
  signals,
  incidents,
  alerts,
  channels,
  logs,
  keys,
  agents,
  containments,
  providers,
  proxy,
  doctor,
  open,
  login,
  logout,
  whoami,
  completion,
  version,
];
