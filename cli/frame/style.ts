import pico from 'picocolors';
import type { Terminal } from './terminal.ts';

type Paint = (text: string) => string;

/** Colours and marks as far as the terminal shows them: none when it is piped, ASCII when it is not UTF-8. */
export interface Style {
  bold: Paint;
  dim: Paint;
  red: Paint;
  green: Paint;
  yellow: Paint;
  mark: { tick: string; cross: string; step: string; warning: string; block: string; full: string; empty: string };
}

const marks = { tick: '✓', cross: '✗', step: '▸', warning: '▲', block: '■', full: '█', empty: '░' };
const ascii = { tick: 'ok', cross: 'x', step: '>', warning: '!', block: '#', full: '#', empty: '.' };

export function styleOf({ env, out_is_tty }: Terminal, wants_color: boolean): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  const colored = wants_color && !NO_COLOR && (Boolean(FORCE_COLOR) || (out_is_tty && TERM !== 'dumb'));
  const { bold, dim, red, green, yellow } = pico.createColors(colored);
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || 'C.UTF-8';
  return { bold, dim, red, green, yellow, mark: /utf-?8/i.test(locale) ? marks : ascii };
}
