const kept_as = 'aos.project';

/** The project that lists are narrowed to in this browser; null: to none. */
export const chosenProject = (): string | null => localStorage.getItem(kept_as);

export function chooseProject(slug: string | null): void {
  if (slug === null) localStorage.removeItem(kept_as);
  else localStorage.setItem(kept_as, slug);
}
