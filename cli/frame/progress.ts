import { duration } from './format.ts';
import type { Session } from './session.ts';

/** How far long work is. A bar on a terminal, a line every five seconds elsewhere; nothing for the first second. */
export interface Progress {
  at(done: number, total: number): void;
  end(): void;
}

const shown_after_ms = 1_000;
const between_lines_ms = 5_000;
const between_frames_ms = 100;
const cells = 10;

export function progressOf(session: Session, what: string): Progress {
  const { terminal, style, options } = session;
  const begun_ms = terminal.now();
  let drawn_ms = begun_ms;
  let is_drawn = false;
  const silent = options.quiet === true || options.json === true || options.jsonl === true;
  return {
    at: (done, total) => {
      const now_ms = terminal.now();
      const wait_ms = terminal.err_is_tty ? between_frames_ms : between_lines_ms;
      if (silent || now_ms - begun_ms < shown_after_ms || (is_drawn && now_ms - drawn_ms < wait_ms)) return;
      const elapsed_ms = now_ms - begun_ms;
      const full = Math.min(cells, Math.floor((done / Math.max(1, total)) * cells));
      const bar = style.mark.full.repeat(full) + style.mark.empty.repeat(cells - full);
      const left = done > 0 ? `  eta ${duration((elapsed_ms / done) * Math.max(0, total - done))}` : '';
      const text = `${what}  ${bar} ${done.toLocaleString('en-US')}/${total.toLocaleString('en-US')}${left}`;
      terminal.err(terminal.err_is_tty ? `\r\u001b[2K${text}` : `${text}\n`);
      is_drawn = true;
      drawn_ms = now_ms;
    },
    end: () => {
      if (is_drawn && terminal.err_is_tty) terminal.err('\r\u001b[2K');
    },
  };
}
