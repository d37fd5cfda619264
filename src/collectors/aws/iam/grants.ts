import {
  allows,
  allowsEverything,
  decodedPolicy,
  everyResource,
  type Statement,
  statement,
  statementsOf,
} from './policy.ts';

/** What the statements of policies give whoever holds them all. */
export interface Grants {
  /** Every action on every resource, or all but named ones. */
  readonly administrator: boolean;
  /** A way by which the holder can give themselves everything. */
  readonly escalation: Escalation;
  /** Of these services every action on every resource; `*`: of all, or of all but named ones. */
  readonly services: readonly string[];
}

interface Escalation {
  /** By an action of IAM alone. */
  readonly alone: boolean;
  /** By handing any role to a service that runs the holder's code: it takes both. */
  readonly passesRoles: boolean;
  readonly runsCode: boolean;
}

/**
 * Actions of IAM by which somebody who may do them to any user, group, role or policy gets everything that IAM can give. They write a
 * policy, attach one, put another version of one in force, join a group, open a role to themselves, or get the credentials of somebody
 * who has more. `sts:AssumeRole` is none: whether it gives more lies with whom the roles trust.
 */
const ALONE = [
  'iam:AddUserToGroup',
  'iam:AttachGroupPolicy',
  'iam:AttachRolePolicy',
  'iam:AttachUserPolicy',
  'iam:CreateAccessKey',
  'iam:CreateLoginProfile',
  'iam:CreatePolicyVersion',
  'iam:PutGroupPolicy',
  'iam:PutRolePolicy',
  'iam:PutUserPolicy',
  'iam:SetDefaultPolicyVersion',
  'iam:UpdateAssumeRolePolicy',
  'iam:UpdateLoginProfile',
];

/** Actions that start something which runs the caller's own code or template with a role that the caller names. */
const RUNS_CODE = [
  'apprunner:CreateService',
  'autoscaling:CreateLaunchConfiguration',
  'batch:RegisterJobDefinition',
  'bedrock-agentcore:CreateCodeInterpreter',
  'cloudformation:CreateChangeSet',
  'cloudformation:CreateStack',
  'cloudformation:CreateStackSet',
  'cloudformation:UpdateStack',
  'codebuild:CreateProject',
  'codebuild:UpdateProject',
  'codepipeline:CreatePipeline',
  'datapipeline:CreatePipeline',
  'ec2:AssociateIamInstanceProfile',
  'ec2:ReplaceIamInstanceProfileAssociation',
  'ec2:RequestSpotInstances',
  'ec2:RunInstances',
  'ecs:RegisterTaskDefinition',
  'ecs:RunTask',
  'elasticmapreduce:RunJobFlow',
  'emr-serverless:StartJobRun',
  'glue:CreateDevEndpoint',
  'glue:CreateJob',
  'glue:UpdateJob',
  'lambda:CreateFunction',
  'lambda:UpdateFunctionConfiguration',
  'sagemaker:CreateNotebookInstance',
  'sagemaker:CreateProcessingJob',
  'sagemaker:CreateTrainingJob',
  'scheduler:CreateSchedule',
  'ssm:CreateAssociation',
  'ssm:StartAutomationExecution',
  'states:CreateStateMachine',
];

const NOTHING: Grants = {
  administrator: false,
  escalation: { alone: false, passesRoles: false, runsCode: false },
  services: [],
};

/** What a policy as IAM returns it (URL-encoded) gives. Throws `malformed`, naming `where`. */
export function grantsOf(encoded: string, where: string): Grants {
  return grantsOfText(decodedPolicy(encoded, where), where);
}

/**
 * What a policy gives. Only what a statement allows without a condition counts. Denials and permissions boundaries are not weighed: what
 * they take away can be given back elsewhere. Throws `malformed`, naming `where`.
 */
export function grantsOfText(text: string, where: string): Grants {
  return together(statementsOf(text, where, statement).filter(allows).map(grantsOfStatement));
}

/** What all of them give to one holder. */
export function together(all: readonly Grants[]): Grants {
  return all.reduce(
    (sum, { administrator, escalation, services }) => ({
      administrator: sum.administrator || administrator,
      escalation: {
        alone: sum.escalation.alone || escalation.alone,
        passesRoles: sum.escalation.passesRoles || escalation.passesRoles,
        runsCode: sum.escalation.runsCode || escalation.runsCode,
      },
      services: [...new Set([...sum.services, ...services])],
    }),
    NOTHING,
  );
}

export function canEscalate({ administrator, escalation }: Grants): boolean {
  return administrator || escalation.alone || (escalation.passesRoles && escalation.runsCode);
}

function grantsOfStatement(entry: Statement): Grants {
  const everywhere = everyResource(entry);
  const some = (actions: readonly string[]) => actions.some((action) => allowsAction(entry, action));
  const identities = everywhere || (entry.Resource ?? []).some((resource) => IDENTITIES.test(resource));
  return {
    administrator: allowsEverything(entry),
    escalation: {
      alone: identities && some(ALONE),
      passesRoles: identities && some(['iam:PassRole']),
      // Where it may be started hardly ever matters: one place is enough.
      runsCode: some(RUNS_CODE),
    },
    services: everywhere ? wholeServices(entry) : [],
  };
}

/** All of IAM's users, groups, roles or policies, or of one of these, whatever their names. */
const IDENTITIES = /^arn:(\*+|aws[a-z-]*):iam:\*?:(\*+|\d{12})?:(\*+|(user|group|role|policy)\/\*+)$/;

function allowsAction({ Action, NotAction }: Statement, action: string): boolean {
  if (Action !== undefined) return Action.some((pattern) => matches(pattern, action));
  return NotAction !== undefined && !NotAction.some((pattern) => matches(pattern, action));
}

/** IAM's wildcards: `*` any text, `?` any one character; the case of letters doesn't matter. */
export function matches(pattern: string, action: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i').test(action);
}

function wholeServices({ Action, NotAction }: Statement): readonly string[] {
  if (NotAction !== undefined) return NotAction.some((action) => /^\*+(:\*+)?$/.test(action)) ? [] : ['*'];
  return (Action ?? []).flatMap((action) => {
    const [, service] = /^(\*+|[a-z0-9-]+)(?::\*+)?$/i.exec(action) ?? [];
    if (service === undefined) return [];
    if (service.startsWith('*')) return ['*'];
    return action.includes(':') ? [service.toLowerCase()] : [];
  });
}
