import { useQueryClient } from '@tanstack/react-query';
import { ChevronDown } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useApi } from '../api.ts';
import { chooseProject, chosenProject } from '../project.ts';
import { Button } from '../ui/Button.tsx';
import { Menu } from '../ui/Menu.tsx';
import { useSession } from './session.ts';

/** Which project is shown: the one of a key that belongs to one, else one of all, or all. */
export function ProjectChoice() {
  const { role, tenant, project } = useSession();
  if (role === 'owner' || project === null) return <Choice tenant={tenant.slug} />;
  return (
    <span className="quiet cut">
      {tenant.slug} / {project.slug}
    </span>
  );
}

function Choice({ tenant }: { tenant: string }) {
  const client = useQueryClient();
  const [chosen, setChosen] = useState(chosenProject);
  const projects = useApi('listProjects', { query: { limit: 200 } }, { staleTime: 60_000 });
  const slugs = projects.data?.items.filter(({ retired_at }) => retired_at === null).map(({ slug }) => slug);
  const is_gone = chosen !== null && slugs !== undefined && !slugs.includes(chosen);
  const choose = (slug: string | null) => {
    chooseProject(slug);
    setChosen(slug);
    void client.resetQueries({ predicate: ({ queryKey: [name] }) => name !== 'getSession' && name !== 'listProjects' });
  };
  // A demo that was removed must not leave empty lists behind.
  useEffect(() => {
    if (is_gone) choose(null);
  });
  const item = (slug: string | null, name: string) => ({
    name,
    ...(chosen === slug && { hint: '✓' }),
    onChoose: () => choose(slug),
  });
  const shown = `${tenant} / ${chosen ?? 'all projects'}`;
  return (
    <Menu items={[item(null, 'All projects'), ...(slugs ?? []).map((slug) => item(slug, slug))]}>
      <Button kind="plain" aria-label={`Project: ${shown}`}>
        <span className="cut">{shown}</span>
        <ChevronDown size={13} aria-hidden="true" />
      </Button>
    </Menu>
  );
}
