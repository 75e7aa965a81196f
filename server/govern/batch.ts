/** Gathers items of one tenant that come close together and hands them on as one batch. */
export interface Batcher<In, Out> {
  add(tenant_id: string, item: In): Promise<Out>;
  /** Resolves when nothing waits or runs any more. */
  idle(): Promise<void>;
}

interface Waiting<In, Out> {
  item: In;
  resolve: (out: Out) => void;
  reject: (error: unknown) => void;
}

interface Lane<In, Out> {
  queue: Waiting<In, Out>[];
  running: number;
  scheduled: boolean;
}

/**
 * Nobody waits for a timer: a batch leaves when the event loop has taken what came in together, and while `lanes`
 * batches of a tenant are under way the next one grows. So a lone item is not delayed, and under load one commit
 * pays for many.
 */
export function createBatcher<In, Out>(options: {
  max: number;
  lanes: number;
  /** One answer for each item, in their order. */
  run: (tenant_id: string, items: In[]) => Promise<PromiseSettledResult<Out>[]>;
  /** A batch that failed so fails what has gathered behind it too: it has waited long enough. */
  spoils: (reason: unknown) => boolean;
}): Batcher<In, Out> {
  const tenants = new Map<string, Lane<In, Out>>();
  let onIdle: (() => void)[] = [];

  const settleIdle = () => {
    if (tenants.size > 0) return;
    for (const done of onIdle) done();
    onIdle = [];
  };

  const runNext = (tenant_id: string, lane: Lane<In, Out>) => {
    lane.scheduled = false;
    while (lane.running < options.lanes && lane.queue.length > 0) {
      const batch = lane.queue.splice(0, options.max);
      lane.running += 1;
      const items = batch.map((waiting) => waiting.item);
      options.run(tenant_id, items).then(
        (outs) => ended(tenant_id, lane, batch, outs),
        (reason: unknown) =>
          ended(
            tenant_id,
            lane,
            batch,
            batch.map(() => ({ status: 'rejected', reason })),
          ),
      );
    }
  };

  /** The next batch leaves before anybody hears of this one: the database works while its answers are handed out. */
  const ended = (
    tenant_id: string,
    lane: Lane<In, Out>,
    batch: Waiting<In, Out>[],
    outs: PromiseSettledResult<Out>[],
  ) => {
    lane.running -= 1;
    const spoiled = outs.find((out) => out.status === 'rejected' && options.spoils(out.reason));
    if (spoiled?.status === 'rejected') for (const waiting of lane.queue.splice(0)) waiting.reject(spoiled.reason);
    if (lane.queue.length > 0) runNext(tenant_id, lane);
    else if (lane.running === 0 && !lane.scheduled) tenants.delete(tenant_id);
    for (const [n, waiting] of batch.entries()) {
      const out = outs[n];
      if (out?.status === 'fulfilled') waiting.resolve(out.value);
      else waiting.reject(out?.reason);
    }
    settleIdle();
  };

  return {
    add: (tenant_id, item) =>
      new Promise<Out>((resolve, reject) => {
        const lane = tenants.get(tenant_id) ?? { queue: [], running: 0, scheduled: false };
        tenants.set(tenant_id, lane);
        lane.queue.push({ item, resolve, reject });
        if (lane.scheduled || lane.running >= options.lanes) return;
        lane.scheduled = true;
        setImmediate(runNext, tenant_id, lane);
      }),
    idle: () => (tenants.size === 0 ? Promise.resolve() : new Promise<void>((resolve) => onIdle.push(resolve))),
  };
}
