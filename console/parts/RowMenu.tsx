import { useState } from 'react';
import type { Facet, Filtering } from '../ui/Filters.tsx';
import { copyText } from '../ui/Id.tsx';
import { MenuAt, type MenuItem, type Place } from '../ui/Menu.tsx';
import { useToast } from '../ui/Toast.tsx';
import { narrowingsOf } from './row-values.ts';

interface Props {
  facets: readonly Facet[];
  values: Filtering;
  onNarrow: (to: Filtering) => void;
  /** The page of the row, if it has one. */
  hrefOf: (row: object) => string | undefined;
}

/** What can be done with a row of any list: narrow the list by it, take it elsewhere, open it beside. */
export function useRowMenu({ facets, values, onNarrow, hrefOf }: Props) {
  const toast = useToast();
  const [open, setOpen] = useState<{ row: object; at: Place } | null>(null);
  const copy = async (what: string, text: string) => {
    await copyText(text);
    toast(`Copied ${what}`);
  };
  const itemsOf = (row: object): MenuItem[] => {
    const { id } = row as { id?: unknown };
    const href = hrefOf(row);
    return [
      ...narrowingsOf(row, facets, values).map(({ words, to }) => ({ name: words, onChoose: () => onNarrow(to) })),
      ...(typeof id === 'string' ? [{ name: 'Copy the id', onChoose: () => void copy('the id', id) }] : []),
      ...(href === undefined
        ? []
        : [
            { name: 'Copy the link', onChoose: () => void copy('the link', `${window.location.origin}${href}`) },
            { name: 'Open in a new tab', onChoose: () => window.open(href, '_blank', 'noopener') },
          ]),
      { name: 'Copy as JSON', onChoose: () => void copy('the row', JSON.stringify(row, null, 2)) },
    ];
  };
  const menu = open && <MenuAt at={open.at} label="The row" items={itemsOf(open.row)} onClose={() => setOpen(null)} />;
  return { menu, onMenu: (row: object, at: Place) => setOpen({ row, at }) };
}
