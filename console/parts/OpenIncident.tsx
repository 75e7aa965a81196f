import { useState } from 'react';
import { useLocation } from 'wouter';
import { useAct } from '../api.ts';
import { hrefOf } from '../paths.ts';
import { SelectField, TextField } from '../ui/Field.tsx';
import { shortId } from '../ui/format.ts';
import { useToast } from '../ui/Toast.tsx';
import { incident_categories, severity_names } from './incident-categories.ts';
import { ReasonDialog } from './ReasonDialog.tsx';
import { lookOf, plainWords } from './words.tsx';

const categories = incident_categories.map((value) => ({ value, name: plainWords(value) }));
const severities = severity_names.map((value) => ({ value, name: lookOf('severity', value).word }));

/** What a person saw in a run that no control did: an incident as every other, with its entry in the ledger. */
export function OpenIncident({ run_id, onClose }: { run_id: string; onClose: () => void }) {
  const open = useAct('openIncident');
  const toast = useToast();
  const [, navigate] = useLocation();
  const [title, setTitle] = useState('');
  const [category, setCategory] = useState('SAFETY_VIOLATION');
  const [severity, setSeverity] = useState('MEDIUM');
  const [tried, setTried] = useState(false);
  const missing = tried && title.trim() === '' ? 'Say what happened, in a line.' : null;
  const onReason = (reason: string) => {
    setTried(true);
    if (title.trim() === '') return;
    open.mutate(
      {
        body: { run_id, title: title.trim(), category: category as 'RATE_LIMIT', severity: severity as 'LOW', reason },
      },
      {
        onSuccess: ({ id }) => {
          toast('The incident is open');
          onClose();
          navigate(hrefOf(id));
        },
      },
    );
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Open an incident by hand"
      about={`Of run ${shortId(run_id)}. It stands in the queue as those that policies open.`}
      verb="Open incident"
      busy={open.isPending}
      error={open.error}
      onReason={onReason}
    >
      <TextField
        label="What happened"
        maxLength={300}
        value={title}
        error={missing}
        onChange={(event) => setTitle(event.target.value)}
      />
      <SelectField label="Category" value={category} choices={categories} onChoose={setCategory} />
      <SelectField label="Severity" value={severity} choices={severities} onChoose={setSeverity} />
    </ReasonDialog>
  );
}
