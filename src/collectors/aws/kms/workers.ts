import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  GetKeyRotationStatusCommand,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
} from '@aws-sdk/client-kms';
import type { AwsWorker } from '../dataset.ts';
import { probeTags } from '../tagged.ts';
import { collectKeys, kmsOf } from './keys.ts';

/** A key that there is not: who may ask is told so. */
const NONE = { KeyId: '00000000-0000-0000-0000-000000000000' };

export const keys: AwsWorker = {
  collect: collectKeys,
  probes: {
    'kms:ListKeys': (work) => kmsOf(work).send(new ListKeysCommand({ Limit: 1 })),
    'kms:ListAliases': (work) => kmsOf(work).send(new ListAliasesCommand({ Limit: 1 })),
    'kms:DescribeKey': (work) => kmsOf(work).send(new DescribeKeyCommand(NONE)),
    'kms:GetKeyPolicy': (work) => kmsOf(work).send(new GetKeyPolicyCommand(NONE)),
    'kms:GetKeyRotationStatus': (work) => kmsOf(work).send(new GetKeyRotationStatusCommand(NONE)),
    'kms:ListKeyRotations': (work) => kmsOf(work).send(new ListKeyRotationsCommand(NONE)),
    'tag:GetResources': ({ session }) => probeTags(session),
  },
};
