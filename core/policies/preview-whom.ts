import type { Call } from '../activity/call.ts';

const most_named = 5;

/** Subjects of one kind that something would have happened to. */
interface Hit {
  distinct: number;
  top: { id: string; calls: number; share: number }[];
}

/** Whom a policy would have hit: how many, and who most. */
export class WhomTally {
  #calls = 0;
  readonly #agents = new Map<string, number>();
  readonly #actors = new Map<string, number>();
  readonly #api_keys = new Map<string, number>();

  hit({ asker: { agent, actor, api_key } }: Call): void {
    this.#calls += 1;
    if (agent) addOne(this.#agents, agent.id);
    if (actor) addOne(this.#actors, actor.id);
    addOne(this.#api_keys, api_key.lineage_id);
  }

  get hits(): Record<'agents' | 'actors' | 'api_keys', Hit> {
    return {
      agents: this.#hitOf(this.#agents),
      actors: this.#hitOf(this.#actors),
      api_keys: this.#hitOf(this.#api_keys),
    };
  }

  #hitOf(counts: ReadonlyMap<string, number>): Hit {
    const most = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, most_named);
    const top = most.map(([id, calls]) => ({ id, calls, share: Math.round((calls / this.#calls) * 10_000) / 10_000 }));
    return { distinct: counts.size, top };
  }
}

const addOne = (counts: Map<string, number>, id: string): void => void counts.set(id, (counts.get(id) ?? 0) + 1);
