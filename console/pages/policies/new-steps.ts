import {
  type Draft,
  type DraftControl,
  limitText,
  ownChannels,
  targetText,
  watchText,
} from '../../parts/policy-draft.ts';
import type { Finding } from '../../parts/settled.ts';
import { consequenceOf } from '../../parts/words.tsx';
import type { Past } from './new-past.ts';

export const steps = ['target', 'watch', 'limit', 'alert', 'action', 'save'] as const;
export type Step = (typeof steps)[number];

export const step_names: Readonly<Record<Step, string>> = {
  target: 'Target',
  watch: 'Watch',
  limit: 'Limit',
  alert: 'Alert',
  action: 'Action',
  save: 'Save & activate',
};

export const isStep = (text: string): text is Step => (steps as readonly string[]).includes(text);

/** What every step of the form gets: the draft, the control that is in hand, and what is wrong with a field. */
export interface StepProps {
  draft: Draft;
  control: DraftControl;
  change: (draft: Draft) => void;
  changeControl: (control: DraftControl) => void;
  /** What keeps the field at this path of the document, or what is below it, from being right. */
  errorAt: (path: string) => string | null;
  /** The path of the control in hand. */
  at: string;
  /** What the preview says of the past. */
  past: Past;
}

/** What a step has been set to, in a few words. */
export function wordsOf(step: Step, draft: Draft, control: DraftControl): string {
  switch (step) {
    case 'target':
      return targetText(draft.target);
    case 'watch':
      return watchText(control);
    case 'limit':
      return limitText(control);
    case 'alert':
      return control.limit ? alertText(control) : 'not for models';
    case 'action':
      return consequenceOf(control.action);
    case 'save':
      return draft.mode === 'shadow' ? 'Shadow' : 'Enforce';
  }
}

function alertText({ alerts }: DraftControl): string {
  if (!alerts || alerts.enabled === false) return 'nobody is told';
  const to = alerts.channels.length > 0 ? alerts.channels.join(', ') : 'the list of alerts';
  const own = ownChannels(alerts).map(([tier, names]) => `; ${tier} % → ${names.join(', ')}`);
  return `${alerts.tiers.length > 0 ? `${alerts.tiers.join(' · ')} · ` : ''}100 % → ${to}${own.join('')}`;
}

/** At which step a finding is mended. */
export function stepOf({ path }: Pick<Finding, 'path'>): Step {
  if (path.startsWith('target')) return 'target';
  const below = /^controls\[\d+\]\.?(.*)$/.exec(path)?.[1];
  if (path === 'error_detail') return 'action';
  if (below === undefined) return path === 'controls' ? 'watch' : 'save';
  if (below.startsWith('alerts')) return 'alert';
  if (/^(action|pause|message|incident|on_failure)/.test(below)) return 'action';
  return 'limit';
}

export const isWrong = ({ level }: Pick<Finding, 'level'>): boolean => level === 'error';
