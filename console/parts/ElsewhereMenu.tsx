import { Ellipsis } from 'lucide-react';
import { type Input, type Name, pathFor } from '../api.ts';
import { Button } from '../ui/Button.tsx';
import { copyText } from '../ui/Id.tsx';
import { Menu, type MenuItem } from '../ui/Menu.tsx';
import { useToast } from '../ui/Toast.tsx';
import { curlOf, sendingOf } from './elsewhere.ts';

interface Props<N extends Name> {
  /** What it is called: `run`. */
  what: string;
  of: N;
  input: Input<N>;
  /** The command that shows the same; null: there is none. */
  command: string | null;
  /** Paths of what else the page asks. */
  also?: readonly string[];
}

/** The same object as a command, as a request and as JSON: whatever the console shows is had without it too. */
export function ElsewhereMenu<N extends Name>({ what, of, input, command, also = [] }: Props<N>) {
  const path = pathFor(of, input);
  const items = useCopies(command, [path, ...also].map(curlOf).join('\n'));
  const view = { name: 'View JSON', onChoose: () => void window.open(path, '_blank', 'noopener') };
  return <Elsewhere what={what} items={[...items.out, view, items.link]} />;
}

/** The same for a page that asks with a body: as JSON it is what is sent. */
export function SendingMenu<N extends Name>({ what, of, input, command }: Omit<Props<N>, 'also'>) {
  const items = useCopies(command, sendingOf(of, input));
  const json = {
    name: 'Copy as JSON',
    onChoose: () => void items.copy('the JSON', JSON.stringify(input.body, null, 2)),
  };
  return <Elsewhere what={what} items={[...items.out, json, items.link]} />;
}

function useCopies(command: string | null, curl: string) {
  const toast = useToast();
  const copy = async (name: string, text: string) => {
    await copyText(text);
    toast(`Copied ${name}`);
  };
  const out: MenuItem[] = [
    {
      name: command === null ? 'No command shows this' : 'Copy as command',
      disabled: command === null,
      onChoose: () => void copy('the command', command ?? ''),
    },
    { name: 'Copy as curl', onChoose: () => void copy('the request', curl) },
  ];
  const link: MenuItem = { name: 'Copy link', onChoose: () => void copy('the link', window.location.href) };
  return { copy, out, link };
}

const Elsewhere = ({ what, items }: { what: string; items: readonly MenuItem[] }) => (
  <Menu items={items}>
    <Button aria-label={`More about this ${what}`} style={{ width: 32, padding: 0 }}>
      <Ellipsis size={15} aria-hidden="true" />
    </Button>
  </Menu>
);
