import { Link, useLocation } from 'wouter';
import { withCommand } from '../ui/key-words.ts';
import { Page } from '../ui/Page.tsx';

export function NotFound() {
  const [path] = useLocation();
  return (
    <Page title="Page not found">
      <p>
        Nothing is shown at <code>{path}</code>. <Link href="/">Go to the overview</Link>, or press {withCommand('K')}{' '}
        and paste an id.
      </p>
    </Page>
  );
}
