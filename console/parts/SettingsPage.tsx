import type { ReactNode } from 'react';
import { Button } from '../ui/Button.tsx';
import { Page } from '../ui/Page.tsx';
import { RoomTabs } from './RoomTabs.tsx';
import { useMay } from './session.ts';

interface Props {
  title: string;
  full?: boolean;
  /** What an administrator begins here, and what others are told instead. */
  act?: { verb: string; denied: string; onChoose: () => void };
  /** The same without the console, where no list of the page has it. */
  elsewhere?: ReactNode;
  children: ReactNode;
}

/** A page of the room, with the way to the others. */
export function SettingsPage({ title, full = false, act, elsewhere, children }: Props) {
  const may = useMay('administer');
  return (
    <Page
      title={title}
      heading="Settings"
      full={full}
      actions={
        (act || elsewhere) && (
          <>
            {act && (
              <Button kind="primary" disabled={!may} title={may ? undefined : act.denied} onClick={act.onChoose}>
                {act.verb}
              </Button>
            )}
            {elsewhere}
          </>
        )
      }
    >
      <RoomTabs of="Settings" />
      {children}
    </Page>
  );
}
