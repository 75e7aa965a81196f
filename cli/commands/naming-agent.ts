import { AOSError } from '@aos/sdk/errors.ts';
import { CommandError } from '../frame/exit-codes.ts';

/** For a request that names no agent: only the server knows whether its key is bound to one. */
export const namingAgent =
  (what: string) =>
  (error: unknown): never => {
    if (!(error instanceof AOSError) || !error.message.includes('agent_id is missing')) throw error;
    throw new CommandError(
      'usage',
      what,
      'no agent is named, and the key is not bound to one',
      'name the one that acts:  --agent my-agent     or see who there is:  npx aos agents',
      error.request_id,
    );
  };
