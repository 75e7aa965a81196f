import { useState } from 'react';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { TextArea } from '../../ui/Field.tsx';
import styles from './Run.module.css';

type Found = 'request' | 'response' | 'neither';

const found_words = {
  request: 'It is the request, byte for byte.',
  response: 'It is the response, byte for byte.',
  neither: 'It is neither: one byte that differs is enough.',
};

/** Whether a text is what was sent or answered. It is hashed here; nothing leaves the page. */
export function HashCheck({
  prompt_hash,
  response_hash,
}: {
  prompt_hash: string | null;
  response_hash: string | null;
}) {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const [found, setFound] = useState<Found | null>(null);
  if (!open)
    return (
      <div>
        <Button small onClick={() => setOpen(true)}>
          Check text against hash
        </Button>
      </div>
    );
  if (!window.crypto.subtle)
    return <p className="quiet">This browser hashes only on https or on localhost. Use `shasum -a 256` instead.</p>;
  const check = async () => {
    const hash = await sha256Hex(text);
    setFound(hash === bare(prompt_hash) ? 'request' : hash === bare(response_hash) ? 'response' : 'neither');
  };
  return (
    <div className={styles.block}>
      <TextArea
        label="Body of the request or the response"
        hint="The whole body as it went over the wire. It is hashed in this browser and sent nowhere."
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setFound(null);
        }}
      />
      <div className={styles.line}>
        <Button small onClick={() => void check()}>
          Check
        </Button>
        <span role="status">
          {found && (
            <Status tone={found === 'neither' ? 'warn' : 'ok'} glyph={found === 'neither' ? 'triangle' : 'check'}>
              {found_words[found]}
            </Status>
          )}
        </span>
      </div>
    </div>
  );
}

const bare = (hash: string | null): string | null => hash?.replace(/^sha256:/, '') ?? null;

async function sha256Hex(text: string): Promise<string> {
  const digest = await window.crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
