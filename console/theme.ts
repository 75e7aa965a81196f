export type Theme = 'light' | 'dark' | 'system';

const kept_as = 'aos.theme';
const os_dark = window.matchMedia('(prefers-color-scheme: dark)');

function keptTheme(): Theme {
  const kept = localStorage.getItem(kept_as);
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

/** Shows the page in this theme and keeps the choice; `system` follows the system as it changes. */
export function chooseTheme(theme: Theme): void {
  if (theme === 'system') localStorage.removeItem(kept_as);
  else localStorage.setItem(kept_as, theme);
  applyTheme();
}

export function applyTheme(): void {
  const theme = keptTheme();
  const shown = theme === 'system' ? (os_dark.matches ? 'dark' : 'light') : theme;
  document.documentElement.dataset.theme = shown;
  window.dispatchEvent(new Event('aos:theme'));
}

os_dark.addEventListener('change', applyTheme);
