import { Ellipsis } from 'lucide-react';
import { type Input, type Name, pathFor } from '../api.ts';
import { Button } from '../ui/Button.tsx';
import { copyText } from '../ui/Id.tsx';
import { Menu } from '../ui/Menu.tsx';
import { useToast } from '../ui/Toast.tsx';

interface Props<N extends Name> {
  /** What it is called: `run`. */
  what: string;
  of: N;
  input: Input<N>;
  /** The command that shows the same. */
  command: string;
}

/** The same object as a command, as a request and as JSON: whatever the console shows is had without it too. */
export function ElsewhereMenu<N extends Name>({ what, of, input, command }: Props<N>) {
  const toast = useToast();
  const copy = async (name: string, text: string) => {
    await copyText(text);
    toast(`Copied ${name}`);
  };
  const path = pathFor(of, input);
  return (
    <Menu
      items={[
        { name: 'Copy as command', onChoose: () => void copy('the command', command) },
        { name: 'Copy as curl', onChoose: () => void copy('the request', curlOf(path)) },
        { name: 'View JSON', onChoose: () => window.open(path, '_blank', 'noopener') },
        { name: 'Copy link', onChoose: () => void copy('the link', window.location.href) },
      ]}
    >
      <Button aria-label={`More about this ${what}`} style={{ width: 32, padding: 0 }}>
        <Ellipsis size={15} aria-hidden="true" />
      </Button>
    </Menu>
  );
}

/** A request of the console as somebody with a key asks it. */
export const curlOf = (path: string): string =>
  `curl -s '${window.location.origin}${path}' -H "authorization: Bearer $AOS_API_KEY"`;
