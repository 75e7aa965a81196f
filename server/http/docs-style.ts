/** The only style of the page; its hash is what its security policy allows. */
export const style = `
:root { color-scheme: light dark; --text: #1c2128; --soft: #57606a; --line: #d0d7de; --back: #ffffff; --raised: #f6f8fa;
  --link: #0550ae; --get: #0550ae; --post: #1a6334; --put: #7d4e00; --delete: #a40e26; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --soft: #9aa4af; --line: #30363d; --back: #0d1117;
  --raised: #161b22; --link: #79c0ff; --get: #79c0ff; --post: #7ee787; --put: #f0c674; --delete: #ffa198; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--text); background: var(--back); font: 15px/1.55 system-ui, sans-serif; }
a { color: var(--link); }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.page { display: grid; grid-template-columns: 18rem minmax(0, 1fr); max-width: 84rem; margin: 0 auto; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav li { margin: 0.15rem 0; overflow-wrap: anywhere; }
nav a { text-decoration: none; }
nav a:hover, nav a:focus-visible { text-decoration: underline; }
nav h2 { font-size: 0.8rem; text-transform: uppercase; letter-spacing: 0.05em; color: var(--soft); margin: 1rem 0 0.25rem; }
main { padding: 1.5rem 2rem 6rem; }
h1 { margin: 0 0 0.5rem; }
main h2 { margin: 3rem 0 0.75rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); }
h4 { margin: 1.25rem 0 0.35rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; background: var(--back); }
summary { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; align-items: baseline; padding: 0.6rem 0.8rem; cursor: pointer; }
summary:hover { background: var(--raised); }
summary h3 { margin: 0; font-size: 1em; font-weight: 400; }
details[open] > summary { border-bottom: 1px solid var(--line); }
.inside { padding: 0.25rem 1rem 1rem; scroll-margin-top: 3.5rem; }
.method { font-weight: 700; min-width: 3.6rem; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); } .delete { color: var(--delete); }
.soft { color: var(--soft); }
.permission { margin-left: auto; color: var(--soft); font-size: 0.85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem; overflow: auto; max-height: 28rem; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media (max-width: 60rem) { .page { display: block; } nav { position: static; height: auto; border: 0; } main { padding: 1rem; } }
`;
