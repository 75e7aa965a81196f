import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { type Item, useAct, useApi } from '../api.ts';
import { chosenProject } from '../project.ts';
import { Button } from '../ui/Button.tsx';
import { Menu, type MenuItem } from '../ui/Menu.tsx';
import { useToast } from '../ui/Toast.tsx';
import { useKept } from './kept.ts';
import { NameView } from './NameView.tsx';
import { useMay } from './session.ts';

interface View {
  name: string;
  /** Filters, tabs and scale as the address has them. */
  search: string;
}

type SharedView = Item<'listViews'>;

/** What somebody looks at again and again, under a name of their own: in their browser alone, or for others too. */
export function SavedViews() {
  const [path, navigate] = useLocation();
  const search = useSearch();
  const [kept, setKept] = useKept<readonly View[]>(`aos.views.${path}`);
  const [naming, setNaming] = useState(false);
  const own = kept ?? [];
  const asked = useApi('listViews', { query: { path, limit: 200 } }, { staleTime: 60_000, enabled: useMay('read') });
  const shared = asked.data?.items ?? [];
  const { share, forget, error } = useSharing(path);
  const current = own.find((view) => view.search === search);
  const current_shared = shared.find((view) => view.search === search);
  const save = (name: string, is_shared: boolean) => {
    if (is_shared) return share({ name, search }, () => setNaming(false));
    setKept([...own.filter((view) => view.name !== name), { name, search }]);
    setNaming(false);
  };
  const show = (view: View, name: string): MenuItem => ({
    name,
    ...(view.search === search && { hint: 'shown' }),
    onChoose: () => navigate(view.search === '' ? path : `${path}?${view.search}`),
  });
  const items: MenuItem[] = [
    ...own.map((view) => show(view, view.name)),
    ...shared.map((view) => show(view, `${view.name} (shared)`)),
    { name: 'Save this view…', onChoose: () => setNaming(true) },
  ];
  if (current)
    items.push({
      name: `Forget “${current.name}”`,
      onChoose: () => setKept(own.filter((view) => view !== current)),
    });
  if (current_shared && forget)
    items.push({ name: `Share “${current_shared.name}” no longer`, onChoose: () => forget(current_shared) });
  return (
    <>
      <Menu items={items}>
        <Button>{current?.name ?? current_shared?.name ?? 'Views'}</Button>
      </Menu>
      {naming && <NameView error={error} onClose={() => setNaming(false)} onName={save} />}
    </>
  );
}

/** Sharing with those of the project that is chosen, or with everybody where none is; `forget` is null for who may not. */
function useSharing(path: string) {
  const may = useMay('operate');
  const adding = useAct('shareView');
  const removing = useAct('forgetView');
  const toast = useToast();
  const share = ({ name, search }: View, onDone: () => void) => {
    const project_id = chosenProject();
    adding.mutate(
      { body: { path, name, search, ...(project_id !== null && { project_id }) } },
      {
        onSuccess: () => {
          toast(`“${name}” is shared`);
          onDone();
        },
      },
    );
  };
  const forget = ({ id, name, search }: SharedView) =>
    removing.mutate(
      { params: { id } },
      {
        onSuccess: () =>
          toast(`“${name}” is shared no longer`, { undo: () => share({ name, search }, () => undefined) }),
        onError: (error) => toast(error.message, { tone: 'crit' }),
      },
    );
  return { share, forget: may ? forget : null, error: adding.error };
}
