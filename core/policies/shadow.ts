/** What is known of a policy since it is in shadow as it is now. */
export interface ShadowFacts {
  shadow_ms: number;
  evaluated: number | null;
  wrong: number;
}

const hour_ms = 3_600_000;
const enough = { hours: 24, evaluated: 50 } as const;

/** What speaks for leaving a policy in shadow a while longer, in sentences; it may be put in force all the same. */
export function shadowDoubts({ shadow_ms, evaluated, wrong }: ShadowFacts): string[] {
  const told: [boolean, string][] = [
    [shadow_ms < enough.hours * hour_ms, `It has been in shadow as it is now for less than ${enough.hours} hours.`],
    [
      evaluated !== null && evaluated < enough.evaluated,
      `It has looked at ${evaluated === 1 ? '1 call' : `${evaluated} calls`} only, which is less than ${enough.evaluated}.`,
    ],
    [
      wrong > 0,
      wrong === 1
        ? 'One call that it would have stopped is marked wrong.'
        : `${wrong} calls that it would have stopped are marked wrong.`,
    ],
  ];
  return told.flatMap(([holds, words]) => (holds ? [words] : []));
}
