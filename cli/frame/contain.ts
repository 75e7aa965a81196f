import type { Item } from '@aos/sdk/contract.ts';
import { CommandError } from './exit-codes.ts';
import { oneLine } from './format.ts';
import type { Session } from './session.ts';

/** What can be stopped as a whole, and the noun of the command that does it. */
interface Subject {
  kind: 'agent' | 'api_key';
  noun: 'agents' | 'keys';
  /** To release: of a key, its lineage. */
  id: string;
  /** As it was said. */
  named: string;
}

/** Stops all its calls until it is released. */
export async function contain(session: Session, of: Subject, options: { reason?: string }): Promise<void> {
  const body = { kind: of.kind, id: of.id, reason: await session.reason(options.reason) };
  const receipt = await session.aos.call('contain', { body });
  session.show({
    data: receipt,
    text: () =>
      `${session.style.green(session.style.mark.tick)} ${of.named} is contained: ${oneLine(receipt.message)}\n`,
    next: `npx aos ${of.noun} release ${of.named} --reason "…"`,
  });
}

export async function release(session: Session, of: Subject, options: { reason?: string }): Promise<void> {
  const back = of.kind === 'agent' ? `npx aos agents show ${of.named}` : 'npx aos keys list';
  const stop = await containmentOf(session, of);
  if (!stop) throw new CommandError('conflict', `${of.named} is not contained`, 'nothing stops its calls', back);
  const body = { reason: await session.reason(options.reason) };
  const released = await session.aos.call('release', { params: { id: stop.id }, body });
  session.show({
    data: released,
    text: () => `${session.style.green(session.style.mark.tick)} the calls of ${of.named} pass again\n`,
    next: back,
  });
}

export async function containmentOf(session: Session, { kind, id }: Pick<Subject, 'kind' | 'id'>) {
  return (await containedNow(session, kind)).get(id);
}

/** What is in force on subjects of a kind, by the id of the agent or the lineage of the key. */
export async function containedNow(session: Session, kind: Subject['kind']) {
  const found = new Map<string, Item<'listContainments'>>();
  for await (const stop of session.aos.each('listContainments', { query: { in_force: true, limit: 200 } }))
    if (stop.kind === kind && stop.subject_id !== null) found.set(stop.subject_id, stop);
  return found;
}
