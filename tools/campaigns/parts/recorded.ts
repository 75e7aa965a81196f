import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** A question to a model about a text, with the answer that the model gave then. */
export interface Recorded {
  id: string;
  task: string;
  model: string;
  messages: { role: 'system' | 'user'; content: string }[];
  answer: string;
}

interface Row {
  id: string;
  task: string;
  question: string | null;
  context: string;
  answer: string;
  model: string;
}

/**
 * Recorded answers from a file of JSON lines, gzipped or not, or from all files `ragtruth_*` of a folder; and the sha256
 * of what was read. Rows have `id, task, question, context, answer, model`, as those of RAGTruth.
 */
export async function readRecorded(path: string): Promise<{ recorded: Recorded[]; sources: Record<string, string> }> {
  const is_folder = (await stat(path)).isDirectory();
  const names = is_folder ? (await readdir(path)).filter((name) => name.startsWith('ragtruth_')).sort() : [''];
  const recorded: Recorded[] = [];
  const sources: Record<string, string> = {};
  for (const name of names) {
    const bytes = await readFile(join(path, name));
    const text = name.endsWith('.gz') || path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    sources[name || path] = createHash('sha256').update(text).digest('hex');
    const lines = text
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    recorded.push(...lines.map((line) => recordedOf(JSON.parse(line) as Row)));
  }
  if (recorded.length === 0) throw new Error(`nothing is recorded in ${path}: a folder holds ragtruth_*.jsonl.gz`);
  return { recorded, sources };
}

function recordedOf({ id, task, question, context, answer, model }: Row): Recorded {
  const content = question === null ? context : `${context}\n\nQuestion: ${question}`;
  const system = 'Answer from the text you are given and from nothing else.';
  return {
    id,
    task,
    model,
    answer,
    messages: [
      { role: 'system', content: system },
      { role: 'user', content },
    ],
  };
}

/** Part of them from every source: the n-th of each so many. */
export function evenly<T>(all: readonly T[], count: number): T[] {
  if (count >= all.length) return [...all];
  return Array.from({ length: count }, (_, n) => all[Math.floor((n * all.length) / count)] as T);
}

/** The stub's way to the recorded answer of a request. Every model answers a prompt once. */
export function answersByPrompt(recorded: readonly Recorded[]): (model: string, prompt: string) => string | undefined {
  const key = (model: string, prompt: string) => createHash('sha256').update(`${model}\n${prompt}`).digest('hex');
  const answers = new Map(
    recorded.map((of) => [key(of.model, of.messages.map(({ content }) => content).join('')), of.answer]),
  );
  return (model, prompt) => answers.get(key(model, prompt));
}
