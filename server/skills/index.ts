import type { Skill } from './define.ts';
import { http } from './http.ts';
import { llm } from './llm.ts';
import { query } from './query.ts';
import { retrieve } from './retrieve.ts';
import { tool } from './tool.ts';
import { transform } from './transform.ts';
import { wait } from './wait.ts';

/** Every skill of a step. A new one is its file and its name here. */
const all: Skill[] = [llm, http, transform, wait, retrieve, query, tool];

export const skills: ReadonlyMap<string, Skill> = new Map(all.map((of) => [of.name, of]));
