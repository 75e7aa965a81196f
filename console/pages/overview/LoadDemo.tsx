import { useAct } from '../../api.ts';
import { useMay } from '../../parts/session.ts';
import { chooseProject } from '../../project.ts';
import { Button } from '../../ui/Button.tsx';
import { Glyph } from '../../ui/Glyph.tsx';

/** Makes the project `demo` and shows it. */
export function LoadDemo() {
  const may = useMay('administer');
  const load = useAct('loadDemo');
  const show = () => {
    chooseProject('demo');
    window.location.reload();
  };
  return (
    <>
      <Button
        kind="primary"
        disabled={!may || load.isPending}
        title={may ? undefined : 'Your key may not load it'}
        onClick={() => load.mutate({ body: {} }, { onSuccess: show })}
      >
        {load.isPending ? 'Loading …' : 'Load demo data'}
      </Button>
      {load.error && (
        <p role="alert">
          <Glyph name="cross" /> {load.error.message}
        </p>
      )}
    </>
  );
}
