import { Link } from 'wouter';

/** Where a key is tied to the agents and actors it may call as. */
export const BindKeys = () => <Link href="/settings/api-keys">Bind keys →</Link>;
