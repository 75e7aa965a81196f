/** An answer that is an error, as the API words it. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly request_id: string | null;

  constructor(of: { status: number; code: string; message: string; request_id: string | null }) {
    super(of.message);
    this.status = of.status;
    this.code = of.code;
    this.request_id = of.request_id;
  }
}

/** Whether the reader gave it up: then only they ask again, and no event of the tab does. */
export const isCancelled = (error: unknown): boolean => error instanceof ApiProblem && error.code === 'cancelled';
