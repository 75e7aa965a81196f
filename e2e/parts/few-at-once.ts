/** The answers of `work` about each of them, in their order; never more than three at once, which a busy machine can take. */
export async function fewAtOnce<Of, Answer>(all: readonly Of[], work: (of: Of) => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  const next = all.entries();
  const worker = async () => {
    for (const [n, of] of next) answers[n] = await work(of);
  };
  await Promise.all([worker(), worker(), worker()]);
  return answers;
}
