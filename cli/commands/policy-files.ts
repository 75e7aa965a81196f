import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Answer } from '@aos/sdk/contract.ts';
import type { Command } from 'commander';
import { CommandError, exit_codes } from '../frame/exit-codes.ts';
import { policyFiles } from '../frame/files.ts';
import { oneLine } from '../frame/format.ts';
import { several } from '../frame/listing.ts';
import type { Session } from '../frame/session.ts';
import type { Act } from './define.ts';

type Plan = Answer<'applyPolicies'>;

interface PlanOptions {
  reason?: string;
  dryRun?: boolean;
  prune?: boolean;
  exitCode?: boolean;
  yes?: boolean;
  origin?: string;
}

/** The verbs of policies that are kept in files. */
export function registerFiles(command: Command, act: Act): void {
  command
    .command('lint <files...>')
    .description('check the policies in these files and folders; changes nothing')
    .action(act('The policies have errors', lint));
  command
    .command('diff <files...>')
    .description('what applying these files would change')
    .option('--prune', 'also what would be retired')
    .option('--exit-code', 'exit with 3 when something would change')
    .action(act('Cannot compare the policies', diff));
  command
    .command('apply <files...>')
    .description('apply these files: all of them or none')
    .option('--reason <text>', 'why, for the ledger')
    .option('--dry-run', 'only show the plan')
    .option('--prune', 'retire policies from files that are not among these')
    .option('--exit-code', 'with --dry-run: exit with 3 when something would change')
    .option('--origin <text>', 'where the files come from, for example a commit')
    .option('--yes', 'do not ask')
    .action(act('Cannot apply the policies', apply));
  command
    .command('test <files...>')
    .description('check that the policies decide as these cases expect')
    .requiredOption('--cases <file>', 'given a call, expect a decision', several)
    .option('--with-active', 'beside the policies in force')
    .action(act('Cannot test the policies', test));
}

const planOf = (
  session: Session,
  files: readonly string[],
  more: { dry_run: boolean; prune?: boolean | undefined; reason: string; origin?: string | undefined },
): Promise<Plan> =>
  session.aos.call('applyPolicies', { body: { files: policyFiles(session.terminal, files), ...more } });

async function lint(session: Session, files: string[]): Promise<void> {
  const plan = await planOf(session, files, { dry_run: true, reason: 'lint' });
  const warnings = plan.policies.flatMap((of) =>
    of.warnings.map((warning) => `${of.place ?? of.slug}: ${oneLine(warning)}`),
  );
  const { tick, warning } = session.style.mark;
  session.show({
    data: plan.policies.map(({ slug, place, warnings: said, sentence }) => ({ slug, place, warnings: said, sentence })),
    text: () =>
      `${session.style.green(tick)} ${plan.policies.length === 1 ? '1 policy' : `${plan.policies.length} policies`} can be read\n${warnings.map((line) => `${session.style.yellow(warning)} ${line}\n`).join('')}`,
    next: `npx aos policy diff ${files.join(' ')}`,
  });
}

async function diff(session: Session, files: string[], { prune, exitCode }: PlanOptions): Promise<number | undefined> {
  const plan = await planOf(session, files, { dry_run: true, prune, reason: 'diff' });
  session.show({
    data: plan,
    text: () => planText(session, plan),
    next: `npx aos policy apply ${files.join(' ')} --reason "…"`,
  });
  return exitCode && changesIn(plan) > 0 ? exit_codes.changes_pending : undefined;
}

async function apply(session: Session, files: string[], options: PlanOptions): Promise<number | undefined> {
  const { prune, origin } = options;
  const reason = options.dryRun ? (options.reason ?? 'dry run') : await session.reason(options.reason);
  const plan = await planOf(session, files, { dry_run: true, prune, reason, origin });
  if (options.dryRun || changesIn(plan) === 0) {
    session.show({ data: plan, text: () => planText(session, plan) });
    return options.dryRun && options.exitCode && changesIn(plan) > 0 ? exit_codes.changes_pending : undefined;
  }
  if (!session.options.json && !session.options.jsonl) session.note(planText(session, plan).trimEnd());
  const { create, update, retire } = plan.counts;
  if (
    session.options.input &&
    session.terminal.in_is_tty &&
    !(await session.agree(`apply ${update} changed, ${create} new, ${retire} retired?`, options.yes))
  )
    throw new CommandError('failed', 'Nothing was applied', 'the answer was not yes');
  const done = await planOf(session, files, { dry_run: false, prune, reason, origin });
  const { tick } = session.style.mark;
  const changed = done.policies.filter(({ action }) => action !== 'unchanged');
  session.show({
    data: done,
    text: () =>
      changed.map((of) => `${session.style.green(tick)} ${of.slug} v${of.version ?? 1} ${of.status}\n`).join(''),
    next: 'npx aos policy list',
  });
  return undefined;
}

const changesIn = ({ counts }: Plan): number => counts.create + counts.update + counts.retire;

const signs = { create: '+', update: '~', retire: '-', unchanged: '=' } as const;

function planText({ style }: Session, plan: Plan): string {
  const changed = plan.policies.filter(({ action }) => action !== 'unchanged');
  const lines = changed.flatMap((of) => [
    `${signs[of.action]} ${of.slug}${of.version === null ? '' : `  v${of.version}`}  ${of.status}${of.drifted ? '  (changed by hand since its file was applied)' : ''}`,
    ...of.changes.map(({ words }) => `    ${oneLine(words)}`),
    ...of.warnings.map((warning) => style.yellow(`    ${style.mark.warning} ${oneLine(warning)}`)),
  ]);
  const { unchanged } = plan.counts;
  if (unchanged > 0) lines.push(`= ${unchanged} unchanged`);
  if (plan.not_sent.length > 0)
    lines.push(style.dim(`  ${plan.not_sent.length} policies from other files stay (--prune would retire them)`));
  return lines.map((line) => `${line}\n`).join('');
}

async function test(
  session: Session,
  files: string[],
  options: { cases: string[]; withActive?: boolean },
): Promise<number | undefined> {
  const cases_yaml = options.cases
    .map((path) => readFileSync(resolve(session.terminal.cwd, path), 'utf8'))
    .join('\n---\n');
  const body = { files: policyFiles(session.terminal, files), cases_yaml, with_active: options.withActive ?? false };
  const report = await session.aos.call('testPolicies', { body });
  const { style } = session;
  session.show({
    data: report,
    text: () =>
      report.results
        .map((of) =>
          of.passed
            ? `${style.green(style.mark.tick)} ${of.name}\n`
            : `${style.red(style.mark.cross)} ${of.name}\n    ${oneLine(of.message ?? '')}\n`,
        )
        .join('') + `${report.passed} passed, ${report.failed} failed\n`,
  });
  return report.failed > 0 ? exit_codes.failed : undefined;
}
