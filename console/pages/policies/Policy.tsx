import { useParams } from 'wouter';
import { useApi } from '../../api.ts';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { PolicyActions } from '../../parts/PolicyActions.tsx';
import { SecondPerson } from '../../parts/SecondPerson.tsx';
import { Trouble } from '../../parts/Trouble.tsx';
import { policyState, State } from '../../parts/words.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Tabs } from '../../ui/Tabs.tsx';
import { useUrlWord } from '../../url-state.ts';
import { KeptInFile } from './KeptInFile.tsx';
import { PolicyAudit } from './PolicyAudit.tsx';
import { PolicyConflicts } from './PolicyConflicts.tsx';
import { PolicyEffect } from './PolicyEffect.tsx';
import { PolicyIncidents } from './PolicyIncidents.tsx';
import { PolicyVersions } from './PolicyVersions.tsx';
import { PolicyYaml } from './PolicyYaml.tsx';

const tabs = [
  ['effect', 'Effect'],
  ['versions', 'Versions'],
  ['conflicts', 'Conflicts'],
  ['yaml', 'YAML'],
  ['incidents', 'Incidents'],
  ['audit', 'Audit'],
] as const;

/** What one policy says, what it did, how it stands to the others, and who changed it when and why. */
export function Policy() {
  const { id = '' } = useParams();
  const [tab] = useUrlWord('tab', 'effect');
  const policy = useApi('getPolicy', { params: { id } });
  if (policy.isPending)
    return (
      <Page title="Policy">
        <Loading what="the policy" />
      </Page>
    );
  if (!policy.data)
    return (
      <Page title="Policy">
        <Failed what="The policy could not be loaded" error={policy.error} onRetry={() => void policy.refetch()} />
      </Page>
    );
  const { data } = policy;
  return (
    <Page
      title={data.name}
      about={
        <>
          <State of="policy" state={policyState(data, Date.now())} />
          <span className="quiet">v{data.version}</span>
        </>
      }
      actions={
        <>
          <PolicyActions policy={data} />
          <ElsewhereMenu
            what="policy"
            of="getPolicy"
            input={{ params: { id } }}
            command={`npx aos policy show ${id}`}
          />
        </>
      }
    >
      <Trouble what="The policy could not be loaded again" of={[policy]} />
      <p style={{ fontSize: 14, maxWidth: '110ch' }}>{data.sentence}</p>
      <SecondPerson of={data} />
      {data.managed_by && <KeptInFile of={data.managed_by} />}
      <Tabs
        label="The policy"
        of={tabs.map(([word, name]) => ({
          name,
          href: word === 'effect' ? `/policies/${id}` : `/policies/${id}?tab=${word}`,
          current: tab === word,
        }))}
      />
      {tab === 'effect' && <PolicyEffect of={data} />}
      {tab === 'versions' && <PolicyVersions of={data} />}
      {tab === 'conflicts' && <PolicyConflicts of={data} />}
      {tab === 'yaml' && <PolicyYaml of={data} />}
      {tab === 'incidents' && <PolicyIncidents id={id} />}
      {tab === 'audit' && <PolicyAudit id={id} />}
    </Page>
  );
}
