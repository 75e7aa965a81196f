import type { Caller } from './caller.ts';
import type { Body, EndpointName, Query } from './contract.ts';
import type { RequestOptions } from './request.ts';

/** The four forms that endpoints have: a list, what is made, one by its id, and something done to one. */
function formsOf(aos: Caller) {
  const call = <Name extends EndpointName>(name: Name, input: object, options?: RequestOptions) =>
    aos.call(name, ...([input, options] as never));
  return {
    list:
      <Name extends EndpointName>(name: Name) =>
      (query?: Query<Name>, options?: RequestOptions) =>
        call(name, { query }, options),
    make:
      <Name extends EndpointName>(name: Name) =>
      (body: Body<Name>, options?: RequestOptions) =>
        call(name, { body }, options),
    one:
      <Name extends EndpointName>(name: Name) =>
      (id: string, query?: Query<Name>, options?: RequestOptions) =>
        call(name, { params: { id }, query }, options),
    act:
      <Name extends EndpointName>(name: Name) =>
      (id: string, body: Body<Name>, options?: RequestOptions) =>
        call(name, { params: { id }, body }, options),
  };
}
type Forms = ReturnType<typeof formsOf>;

/** The common endpoints by what they are about; `AOS.call` reaches all of them. */
export function resourcesOf(aos: Caller) {
  const forms = formsOf(aos);
  return { ...whatRan(forms), ...control(forms), ...access(forms) };
}

export type Resources = ReturnType<typeof resourcesOf>;

function whatRan({ list, make, one, act }: Forms) {
  return {
    runs: {
      create: make('createRun'),
      list: list('listRuns'),
      get: one('getRun'),
      trace: one('getTrace'),
      steps: one('listSteps'),
      decisions: one('listRunDecisions'),
      finish: act('finishRun'),
      report: act('reportSteps'),
      cancel: act('cancelRun'),
      pause: act('pauseRun'),
      resume: act('resumeRun'),
      kill: act('killRun'),
      retry: act('retryRun'),
    },
    activity: { live: list('listLiveRuns'), completed: list('listCompletedRuns'), metrics: list('getMetrics') },
    decisions: { get: one('getDecision') },
    signals: {
      list: list('listSignals'),
      get: one('getSignal'),
      acknowledge: act('acknowledgeSignal'),
      suppress: act('suppressSignal'),
    },
    views: { list: list('listViews'), share: make('shareView') },
    incidents: {
      list: list('listIncidents'),
      open: make('openIncident'),
      get: one('getIncident'),
      timeline: one('listIncidentTimeline'),
      acknowledge: act('acknowledgeIncident'),
      resolve: act('resolveIncident'),
      reopen: act('reopenIncident'),
      assign: act('assignIncident'),
      change: make('changeIncidents'),
    },
    logs: {
      llmRuns: list('listLlmRunRecords'),
      llmRun: one('getLlmRunRecord'),
      audit: list('listLedgerEntries'),
      system: list('listSystemRecords'),
    },
  };
}

function control({ list, make, one, act }: Forms) {
  return {
    policies: {
      create: make('createPolicy'),
      list: list('listPolicies'),
      get: one('getPolicy'),
      update: act('updatePolicy'),
      versions: one('listPolicyVersions'),
      diff: one('diffPolicyVersions'),
      lint: make('lintPolicy'),
      activate: act('activatePolicy'),
      disable: act('disablePolicy'),
      retire: act('retirePolicy'),
      explain: make('explain'),
      apply: make('applyPolicies'),
      test: make('testPolicies'),
      drift: list('listPolicyDrift'),
      override: act('createOverride'),
      exempt: act('createExemption'),
    },
    limits: { list: list('listLimits'), state: one('getLimitState') },
    approvals: { list: list('listApprovals'), get: one('getApproval'), approve: act('approve'), deny: act('deny') },
    containments: {
      create: make('contain'),
      list: list('listContainments'),
      get: one('getContainment'),
      release: act('release'),
    },
  };
}

function access({ list, make, one, act }: Forms) {
  return {
    projects: {
      create: make('createProject'),
      list: list('listProjects'),
      get: one('getProject'),
      change: act('changeProject'),
    },
    agents: { create: make('createAgent'), list: list('listAgents'), get: one('getAgent'), update: act('updateAgent') },
    actors: { create: make('createActor'), list: list('listActors'), get: one('getActor') },
    keys: {
      create: make('createApiKey'),
      list: list('listApiKeys'),
      get: one('getApiKey'),
      rotate: act('rotateApiKey'),
      revoke: act('revokeApiKey'),
      bind: act('bindApiKey'),
    },
    providers: {
      create: make('createProvider'),
      list: list('listProviders'),
      get: one('getProvider'),
      change: act('changeProvider'),
      disable: one('disableProvider'),
    },
    prices: { create: make('createPrice'), list: list('listPrices') },
  };
}
