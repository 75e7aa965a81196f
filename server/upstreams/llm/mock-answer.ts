import { createHash } from 'node:crypto';
import { plan_name, planGoal, planInCircles } from '@aos/core/activity/plan-goal.ts';
import { mockTokens } from '@aos/core/activity/tokens.ts';
import type { WireName, WireRequest } from '@aos/core/activity/wires/define.ts';
import { isObject, type Json, type JsonObject } from '@aos/core/base/json.ts';
import { type MockModel, mock_max_output_tokens } from './mock-models.ts';
import { valueFor } from './mock-schema.ts';

/** What a mock model says, before any wire gives it a form. */
export interface MockAnswer {
  model: string;
  input_tokens: number;
  choices: MockChoice[];
}

export interface MockChoice {
  /** Exactly one of text and tool is what was generated. */
  text: string;
  tool: { name: string; arguments: string } | null;
  /** `length`: the bound on output tokens cut it. */
  finish: 'stop' | 'length' | 'tool';
  output_tokens: number;
}

/** The same request gives the same answer. */
export function answerOf(model: MockModel, wire: WireName, request: WireRequest, body: JsonObject): MockAnswer {
  const prompt = request.prompt.text();
  const bound = Math.min(request.max_output_tokens ?? mock_max_output_tokens, mock_max_output_tokens);
  const tool = calledTool(wire, body);
  const choices = Array.from({ length: request.choices }, (_, index) => {
    if (tool) return bounded({ text: '', tool, finish: 'tool', output_tokens: 0 }, bound);
    const text = structuredText(body) ?? spokenText(model, seedOf(`${model.name}\n${index}\n${prompt}`));
    return bounded({ text, tool: null, finish: 'stop', output_tokens: 0 }, bound);
  });
  return { model: model.name, input_tokens: mockTokens(prompt), choices };
}

/** Cuts an answer at its bound. A mock token is four bytes, and mock models write ASCII unless a schema says otherwise. */
function bounded(choice: MockChoice, bound: number): MockChoice {
  const said = choice.tool ? choice.tool.name + choice.tool.arguments : choice.text;
  if (mockTokens(said) <= bound) return { ...choice, output_tokens: mockTokens(said) };
  const room = bound * 4 - (choice.tool?.name.length ?? 0);
  const kept = cut(choice.tool ? choice.tool.arguments : choice.text, Math.max(room, 0));
  const tool = choice.tool && { name: choice.tool.name, arguments: kept };
  return { text: tool ? '' : kept, tool, finish: 'length', output_tokens: bound };
}

function cut(text: string, bytes: number): string {
  const kept = Buffer.from(text).subarray(0, bytes).toString('utf8');
  return kept.endsWith('\ufffd') ? kept.slice(0, -1) : kept;
}

/** The parts of an answer as a stream delivers them: a word each, or a part of a long one. */
export function piecesOf(text: string): string[] {
  return text.match(/\s*\S{1,12}|\s+/g) ?? [];
}

function seedOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

const sentences = [
  'The request was read and its parts were put in order.',
  'First comes what is known for certain, then what follows from it.',
  'A small change at the right place often does more than a large one elsewhere.',
  'Two of the options are close to each other and differ mainly in effort.',
  'The simplest of them can be tried today and taken back tomorrow.',
  'It helps to write down what would count as a good result before starting.',
  'Where figures are missing, a range is more honest than a single number.',
  'The next step is to check the assumption that carries the most weight.',
  'If that holds, the rest of the plan can go ahead as described.',
  'If it does not, the work so far still shows where to look.',
  'Nothing here depends on a decision that could not be changed later.',
  'In short, begin with the part that teaches the most for the least.',
];

const personal_data =
  'The account belongs to Jane Example. Her e-mail address is jane.example@example.com, and the card on file is ' +
  '4111 1111 1111 1111, valid until 12/29. She asked for an answer by e-mail.';

const invented_facts =
  'According to the documents, the treaty of Lindholm was signed on 14 March 1871 by 23 states. It set the toll at ' +
  '4.7 percent, which Queen Adelheid II doubled in 1880. The original is kept in the museum of Port Ferrand.';

function spokenText(model: MockModel, seed: number): string {
  if (model.says === 'personal_data') return personal_data;
  if (model.says === 'invented_facts') return invented_facts;
  const { from, to } = model.words;
  const wanted = from + (seed % (to - from + 1));
  const said: string[] = [];
  let words = 0;
  for (let at = seed; words < wanted; at += 1 + (seed % 5)) {
    const sentence = sentences[at % sentences.length] ?? '';
    said.push(sentence);
    words += sentence.split(' ').length;
  }
  return said.join(' ');
}

/** An answer in the form that a request demands (`response_format`, `text.format`, `output_format`), else null. */
function structuredText(body: JsonObject): string | null {
  const output = isObject(body.output_config) ? body.output_config.format : body.output_format;
  const format = [body.response_format, isObject(body.text) ? body.text.format : undefined, output].find(isObject);
  if (!format) return null;
  if (format.type === 'json_object') return '{"answer":"example answer"}';
  if (format.type !== 'json_schema') return null;
  const schema = isObject(format.json_schema) ? format.json_schema.schema : format.schema;
  if (isObject(format.json_schema) && format.json_schema.name === plan_name) return plannedText(body, schema);
  return JSON.stringify(valueFor(schema));
}

/** A plan for the goal in the last message of the user, with the skills that the schema names. */
function plannedText(body: JsonObject, schema: Json | undefined): string {
  const messages = Array.isArray(body.messages) ? body.messages.filter(isObject) : [];
  const goal = messages.findLast(({ role }) => role === 'user')?.content;
  const skills = [...JSON.stringify(schema ?? null).matchAll(/"const":"([a-z_]+)"/g)].map(([, name = '']) => name);
  const asked = typeof goal === 'string' ? goal : '';
  return JSON.stringify(body.model === 'mock-loop' ? planInCircles(asked) : planGoal(asked, skills));
}

/**
 * The tool that is called: the one that `tool_choice` demands, else one whose name the last message of the user
 * mentions. After the result of a tool the model speaks, so that an agent comes to an end.
 */
function calledTool(wire: WireName, body: JsonObject): MockChoice['tool'] {
  const offered = toolsOf(body);
  const choice = body.tool_choice;
  if (offered.length === 0 || choice === 'none' || (isObject(choice) && choice.type === 'none')) return null;
  const named = isObject(choice) ? (isObject(choice.function) ? choice.function.name : choice.name) : undefined;
  const must = choice === 'required' || (isObject(choice) && choice.type === 'any');
  const asked = lastUserText(wire, body);
  const mentioned = offered.find((tool) => asked.includes(tool.name));
  const tool = offered.find((candidate) => candidate.name === named) ?? mentioned ?? (must ? offered[0] : undefined);
  return tool ? { name: tool.name, arguments: JSON.stringify(valueFor(tool.schema)) } : null;
}

function toolsOf(body: JsonObject): { name: string; schema: Json | undefined }[] {
  const tools = Array.isArray(body.tools) ? body.tools.filter(isObject) : [];
  return tools.flatMap((tool) => {
    const definition = isObject(tool.function) ? tool.function : tool;
    const { name } = definition;
    if (typeof name !== 'string') return [];
    const schema = definition.parameters ?? definition.input_schema ?? { type: 'object' };
    return [{ name, schema }];
  });
}

/** The text of the last message when a user wrote it; empty after a tool result. */
function lastUserText(wire: WireName, body: JsonObject): string {
  const turns = wire === 'responses' ? body.input : body.messages;
  if (typeof turns === 'string') return turns;
  const last = Array.isArray(turns) ? turns.at(-1) : undefined;
  if (!isObject(last) || last.role !== 'user') return '';
  if (!Array.isArray(last.content)) return typeof last.content === 'string' ? last.content : '';
  const parts = last.content.filter(isObject);
  if (parts.some((part) => part.type === 'tool_result')) return '';
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('\n');
}
