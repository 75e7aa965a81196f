import { Ellipsis } from 'lucide-react';
import { useEffect, useState } from 'react';
import { call, type Input, type Name, pathFor } from '../api.ts';
import { most_rows } from '../list.ts';
import { Button } from '../ui/Button.tsx';
import { Dialog } from '../ui/Dialog.tsx';
import { exactText } from '../ui/format.ts';
import { copyText } from '../ui/Id.tsx';
import { Menu } from '../ui/Menu.tsx';
import { useToast } from '../ui/Toast.tsx';
import { curlOf } from './elsewhere.ts';
import { list_commands, listCommand } from './list-command.ts';
import { download, type FileKind } from './list-file.ts';

interface Props<N extends Name> {
  of: N;
  input: Input<N>;
  label: string;
  onColumns?: () => void;
}

/** What can be had of exactly this list elsewhere: as a file, a command, a request, as JSON; and which columns it has. */
export function ListTools<N extends Name>({ of, input, label, onColumns }: Props<N>) {
  const toast = useToast();
  const [wanted, setWanted] = useState<FileKind | null>(null);
  const path = pathFor(of, input);
  const command = listCommand(of, path);
  const copy = async (what: string, text: string) => {
    await copyText(text);
    toast(`Copied ${what}`);
  };
  return (
    <>
      <Menu
        items={[
          ...(onColumns ? [{ name: 'Columns…', onChoose: onColumns }] : []),
          { name: 'Download as CSV', onChoose: () => setWanted('csv') },
          { name: 'Download as JSONL', onChoose: () => setWanted('jsonl') },
          {
            name:
              command !== null
                ? 'Copy as command'
                : `No command ${of in list_commands ? 'has these filters' : 'lists this'}`,
            disabled: command === null,
            onChoose: () => void copy('the command', command ?? ''),
          },
          { name: 'Copy as curl', onChoose: () => void copy('the request', curlOf(path)) },
          { name: 'View JSON', onChoose: () => window.open(path, '_blank', 'noopener') },
        ]}
      >
        <Button aria-label={`More about ${label.toLowerCase()}`}>
          <Ellipsis size={15} aria-hidden="true" />
        </Button>
      </Menu>
      {wanted && <Downloading of={of} input={input} label={label} kind={wanted} onClose={() => setWanted(null)} />}
    </>
  );
}

const page_size = 200;

interface DownloadingProps<N extends Name> {
  of: N;
  input: Input<N>;
  label: string;
  kind: FileKind;
  onClose: () => void;
}

/** Reads the whole list, page by page, and gives it as a file; it says how far it is and can be given up. */
function Downloading<N extends Name>({ of, input, label, kind, onClose }: DownloadingProps<N>) {
  const toast = useToast();
  const [read, setRead] = useState(0);
  const [attempt, setAttempt] = useState(1);
  const [problem, setProblem] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was asked for when it began is what is read
  useEffect(() => {
    const asked = new AbortController();
    setProblem(null);
    readAll(of, input, setRead, asked.signal).then(
      (rows) => {
        download(label.toLowerCase().replaceAll(' ', '-'), kind, rows);
        toast(`${exactText(rows.length)} rows as ${kind.toUpperCase()}`);
        onClose();
      },
      (error: unknown) => asked.signal.aborted || setProblem((error as Error).message),
    );
    return () => asked.abort();
  }, [attempt]);
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${label} as ${kind.toUpperCase()}`}
      about="Exactly what the list shows, with every property of every row."
      buttons={
        <>
          {problem && <Button onClick={() => setAttempt(attempt + 1)}>Try again</Button>}
          <Button onClick={onClose}>Cancel</Button>
        </>
      }
    >
      <p role="status">{problem ?? `${exactText(read)} rows read …`}</p>
    </Dialog>
  );
}

interface PageOfRows {
  items: Record<string, unknown>[];
  next_cursor: string | null;
}

async function readAll<N extends Name>(of: N, input: Input<N>, onRead: (rows: number) => void, signal: AbortSignal) {
  const rows: PageOfRows['items'] = [];
  let cursor: string | null | undefined;
  while (cursor !== null && rows.length < most_rows) {
    const query = { ...input.query, limit: page_size, cursor };
    const page = (await call(of, { ...input, query } as Input<N>, signal)) as PageOfRows;
    rows.push(...page.items);
    cursor = page.next_cursor;
    onRead(rows.length);
  }
  return rows;
}
