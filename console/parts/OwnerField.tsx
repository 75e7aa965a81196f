import { TextField } from '../ui/Field.tsx';

/** Who is asked about an object; empty takes the name away. */
export const OwnerField = ({ value, onChange }: { value: string; onChange: (owner: string) => void }) => (
  <TextField
    label="Owner"
    hint="Who is responsible for it: a person or a team"
    value={value}
    maxLength={200}
    onChange={(event) => onChange(event.target.value)}
  />
);
