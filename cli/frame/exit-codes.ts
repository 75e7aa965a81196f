/** What a command ends with. Scripts rely on these numbers: they never change, and 5 is kept for a failed verification. */
export const exit_codes = {
  ok: 0,
  failed: 1,
  usage: 2,
  changes_pending: 3,
  blocked: 4,
  not_permitted: 6,
  unreachable: 7,
  conflict: 8,
  timeout: 124,
  interrupted: 130,
} as const;
export type ExitName = keyof typeof exit_codes;

/**
 * A command that did not reach its end: what failed, why, and what to do about it. Printed as three lines, with the
 * request id when a server had a part in it.
 */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly exit: ExitName;
  readonly why: string;
  readonly todo: string | null;
  readonly request_id: string | null;

  constructor(exit: ExitName, what: string, why: string, todo: string | null = null, request_id: string | null = null) {
    super(what);
    this.exit = exit;
    this.why = why;
    this.todo = todo;
    this.request_id = request_id;
  }
}
