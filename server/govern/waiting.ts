import type { StopSignal } from '../upstreams/llm/define.ts';

/** It may try; or its time is over, its caller has left, the process ends. */
type Next = 'turn' | 'late' | 'gone' | 'stopping';

/** A place in the queue for room in one balance. */
export interface Place {
  /** Resolves with `turn` when it may try, or with why it need not. */
  next(until_ms: number, gone: StopSignal): Promise<Next>;
  leave(): void;
}

/**
 * Calls that wait for room. One call of each room tries at a time: of the keys that wait the one whose turn it is, of a
 * key the oldest. Whoever does not fit stays first, so that a small call never overtakes a large one for good.
 */
export interface WaitingRoom {
  /** Null: too many wait already. */
  enter(tenant_id: string, room: string, key: string): Place | null;
  /** Something has changed for the tenant: the first of each room may try now. */
  wake(tenant_id: string): void;
  /** Lets nobody wait any more: the process ends. */
  stop(): void;
  /** How many calls of a tenant wait. */
  size(tenant_id: string): number;
}

/** Calls of one tenant that one process lets wait. */
const places_max = 1_000;

/** Room can also come from other processes and from time: then nobody wakes the first of a room. */
const look_every_ms = 500;

interface Waiter {
  key: string;
  go: ((why: Next) => void) | null;
}

/** The waiters of one room by key, the key whose turn it is first. */
type Room = Map<string, Waiter[]>;

export function createWaitingRoom(monotonic: () => number): WaitingRoom {
  const tenants = new Map<string, Map<string, Room>>();
  let is_stopping = false;

  const firstOf = (room: Room): Waiter | undefined => room.values().next().value?.[0];
  const wakeRoom = (room: Room) => firstOf(room)?.go?.('turn');

  function place(rooms: Map<string, Room>, name: string, tenant_id: string, waiter: Waiter): Place {
    const room = rooms.get(name) ?? new Map<string, Waiter[]>();
    rooms.set(name, room);
    room.set(waiter.key, [...(room.get(waiter.key) ?? []), waiter]);
    return {
      next: (until_ms, gone) =>
        new Promise((resolve) => {
          const done = (why: Next) => {
            clearInterval(looking);
            gone.removeEventListener('abort', left);
            waiter.go = null;
            resolve(why);
          };
          const left = () => done('gone');
          const look = () => {
            if (monotonic() >= until_ms) done('late');
            else if (firstOf(room) === waiter) done('turn');
          };
          const looking = setInterval(look, Math.max(1, Math.min(look_every_ms, until_ms - monotonic())));
          gone.addEventListener('abort', left, { once: true });
          waiter.go = done;
          if (is_stopping) done('stopping');
          else if (gone.aborted) left();
          else if (monotonic() >= until_ms) done('late');
        }),
      leave: () => {
        const others = (room.get(waiter.key) ?? []).filter((one) => one !== waiter);
        // The key goes to the end of the room: the next turn is another key's.
        room.delete(waiter.key);
        if (others.length > 0) room.set(waiter.key, others);
        if (room.size === 0) rooms.delete(name);
        else wakeRoom(room);
        if (rooms.size === 0) tenants.delete(tenant_id);
      },
    };
  }

  const size = (tenant_id: string) =>
    [...(tenants.get(tenant_id)?.values() ?? [])].flatMap((room) => [...room.values()]).flat().length;

  return {
    enter(tenant_id, name, key) {
      if (size(tenant_id) >= places_max) return null;
      const rooms = tenants.get(tenant_id) ?? new Map<string, Room>();
      tenants.set(tenant_id, rooms);
      return place(rooms, name, tenant_id, { key, go: null });
    },
    wake(tenant_id) {
      for (const room of tenants.get(tenant_id)?.values() ?? []) wakeRoom(room);
    },
    stop() {
      is_stopping = true;
      for (const rooms of tenants.values())
        for (const room of rooms.values()) for (const waiter of [...room.values()].flat()) waiter.go?.('stopping');
    },
    size,
  };
}
