import { isObject, type Json, type JsonObject } from '@aos/core/base/json.ts';
import { exampleOf } from './docs-example.ts';
import { style } from './docs-style.ts';

/** The document as a page for people: whole in itself, without a script. */
export function docsPage(document: JsonObject): string {
  const { info, components } = document;
  const schemas = memberOf(components, 'schemas');
  const sections = sectionsOf(document);
  const links = sections.map(
    ({ tag, operations }) =>
      `<h2>${text(tag)}</h2><ul>${operations.map((of) => `<li>${linkTo(of)}</li>`).join('')}</ul>`,
  );
  const parts = sections.map(
    ({ tag, operations }) =>
      `<section><h2>${text(tag)}</h2>${operations.map((of) => operationHtml(of, components, schemas)).join('')}</section>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(memberOf(info, 'title'))} API</title><style>${style}</style></head>
<body><div class="page"><nav aria-label="Operations">${links.join('')}</nav>
<main><h1>${text(memberOf(info, 'title'))} API</h1>
<p>${text(memberOf(info, 'description'))}</p>
<p>Version ${text(memberOf(info, 'version'))}. For programs: <a href="/openapi.json">openapi.json</a>.
Send the key as <code>Authorization: Bearer …</code> or <code>X-AOS-Key: …</code>.</p>
${parts.join('')}</main></div></body></html>
`;
}

interface Operation {
  method: string;
  path: string;
  of: JsonObject;
}

const memberOf = (value: Json | undefined, name: string): Json => (isObject(value) ? (value[name] ?? null) : null);

/** The operations by domain, in the order in which the document names the domains. */
function sectionsOf({ tags, paths }: JsonObject): { tag: string; operations: Operation[] }[] {
  const all = Object.entries(isObject(paths) ? paths : {}).flatMap(([path, methods]) =>
    Object.entries(isObject(methods) ? methods : {}).flatMap(([method, of]) =>
      isObject(of) ? [{ method, path, of }] : [],
    ),
  );
  const names = (Array.isArray(tags) ? tags : []).map((tag) => String(memberOf(tag, 'name')));
  const inTag = (tag: string) => all.filter(({ of }) => Array.isArray(of.tags) && of.tags.includes(tag));
  return names.map((tag) => ({ tag, operations: inTag(tag) })).filter(({ operations }) => operations.length > 0);
}

const anchorOf = ({ of }: Operation): string => encodeURIComponent(String(of.operationId));

const linkTo = (operation: Operation): string => `<a href="#${anchorOf(operation)}">${text(operation.of.summary)}</a>`;

function operationHtml(operation: Operation, components: Json | undefined, schemas: Json): string {
  const { method, path, of } = operation;
  const named = isObject(schemas) ? schemas : {};
  const permission = of['x-permission'] === 'public' ? 'no key' : String(of['x-permission']);
  return `<details><summary><span class="method ${method}">${text(method.toUpperCase())}</span>
<h3><code>${text(path)}</code></h3><span class="soft">${text(of.summary)}</span><span class="permission">${text(permission)}</span></summary>
<div class="inside" id="${anchorOf(operation)}"><p>${inline(of.description)}</p>
${parametersHtml(of.parameters)}${bodyHtml(of.requestBody, named)}${answersHtml(of.responses, components, named)}</div></details>`;
}

function parametersHtml(parameters: Json | undefined): string {
  if (!Array.isArray(parameters) || parameters.length === 0) return '';
  const rows = parameters.map((parameter) => {
    const needed = memberOf(parameter, 'required') === true ? ', needed' : '';
    return `<tr><td><code>${text(memberOf(parameter, 'name'))}</code></td><td>${text(memberOf(parameter, 'in'))}${needed}</td>
<td>${text(kindOf(memberOf(parameter, 'schema')))}</td><td>${inline(memberOf(parameter, 'description'))}</td></tr>`;
  });
  return `<h4>Parameters</h4><div class="scroll"><table><thead><tr><th>Name</th><th>Where</th><th>Value</th><th>Meaning</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>`;
}

/** What a value is, in a few words. */
function kindOf(schema: Json): string {
  if (!isObject(schema)) return '';
  if (Array.isArray(schema.enum)) return schema.enum.join(' | ');
  if (schema.type === 'array') return `one or more of ${kindOf(schema.items ?? null)}`;
  const bounds = [schema.minimum, schema.maximum].filter((bound) => bound !== undefined);
  const otherwise = schema.default === undefined ? '' : `, ${String(schema.default)} by default`;
  return `${String(schema.type ?? '')}${bounds.length > 0 ? ` ${bounds.join(' to ')}` : ''}${otherwise}`;
}

const contentOf = (of: Json | undefined): Json => memberOf(memberOf(of, 'content'), 'application/json');

function bodyHtml(body: Json | undefined, schemas: JsonObject): string {
  const content = contentOf(body);
  if (!isObject(content)) return '';
  return `<h4>Body</h4>${exampleHtml(content, schemas)}`;
}

const exampleHtml = (content: JsonObject, schemas: JsonObject): string =>
  `<pre tabindex="0"><code>${text(JSON.stringify(content.example ?? exampleOf(content.schema, schemas), null, 2))}</code></pre>`;

function answersHtml(responses: Json | undefined, components: Json | undefined, schemas: JsonObject): string {
  const all = Object.entries(isObject(responses) ? responses : {});
  const good = all.filter(([status]) => Number(status) < 300);
  const bad = all.filter(([status]) => Number(status) >= 400);
  const shown = good.map(([status, response]) => {
    const content = contentOf(response);
    const has_form = isObject(content) && isObject(content.schema) && Object.keys(content.schema).length > 0;
    return `<h4>${text(status)} ${text(memberOf(response, 'description'))}</h4>${has_form ? exampleHtml(content, schemas) : ''}`;
  });
  const refused = bad.map(([status]) => {
    const described = memberOf(memberOf(memberOf(components, 'responses'), status), 'description');
    return `<tr><td>${text(status)}</td><td>${inline(described)}</td></tr>`;
  });
  const table = `<h4>Refusals</h4><div class="scroll"><table><tbody>${refused.join('')}</tbody></table></div>`;
  return `${shown.join('')}${refused.length > 0 ? table : ''}`;
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const text = (value: Json | undefined): string =>
  String(value ?? '').replace(/[&<>"']/g, (sign) => entities[sign] ?? sign);

/** Text with words in backticks as code. */
const inline = (value: Json | undefined): string => text(value).replace(/`([^`]+)`/g, '<code>$1</code>');
