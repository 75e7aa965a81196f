/** Why nothing came back: `refused` was never tried, the others were. */
export type OutboundFailureKind = 'refused' | 'unreachable' | 'timeout' | 'broken';

/** The message names the host at most: paths of webhooks and their queries are secrets. */
export class OutboundFailure extends Error {
  override name = 'OutboundFailure';
  readonly kind: OutboundFailureKind;

  constructor(kind: OutboundFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
