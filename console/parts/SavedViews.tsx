import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { TextField } from '../ui/Field.tsx';
import { Menu } from '../ui/Menu.tsx';
import { useKept } from './kept.ts';

interface View {
  name: string;
  /** Filters, tabs and scale as the address has them. */
  search: string;
}

/** What somebody looks at again and again, under a name of their own; kept in their browser alone. */
export function SavedViews() {
  const [path, navigate] = useLocation();
  const search = useSearch();
  const [views, setViews] = useKept<readonly View[]>(`aos.views.${path}`);
  const [naming, setNaming] = useState(false);
  const saved = views ?? [];
  const current = saved.find((view) => view.search === search);
  const save = (name: string) => {
    setViews([...saved.filter((view) => view.name !== name), { name, search }]);
    setNaming(false);
  };
  return (
    <>
      <Menu
        items={[
          ...saved.map((view) => ({
            name: view.name,
            ...(view === current && { hint: 'shown' }),
            onChoose: () => navigate(view.search === '' ? path : `${path}?${view.search}`),
          })),
          { name: 'Save this view…', onChoose: () => setNaming(true) },
          ...(current
            ? [
                {
                  name: `Forget “${current.name}”`,
                  onChoose: () => setViews(saved.filter((view) => view !== current)),
                },
              ]
            : []),
        ]}
      >
        <Button>{current ? current.name : 'Views'}</Button>
      </Menu>
      {naming && <Naming onClose={() => setNaming(false)} onName={save} />}
    </>
  );
}

function Naming({ onClose, onName }: { onClose: () => void; onName: (name: string) => void }) {
  const [name, setName] = useState('');
  const submit = () => name.trim() !== '' && onName(name.trim());
  return (
    <Dialog
      open
      onClose={onClose}
      title="Save this view"
      about="Its filters, under a name, in this browser alone."
      buttons={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={name.trim() === ''} onClick={submit}>
            Save
          </Button>
        </>
      }
    >
      <TextField
        label="Name"
        autoFocus
        maxLength={60}
        value={name}
        onChange={(event) => setName(event.target.value)}
        onKeyDown={(event) => event.key === 'Enter' && submit()}
      />
    </Dialog>
  );
}
