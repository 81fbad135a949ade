// Identifiers. Each begins with its kind.
import { hexadecimal } from './blob.ts';
import { v7 } from 'uuid';

/** The one project there is until access keys exist. */
export const defaultProject = 'default';

/** 32 lower-case hexadecimal digits that sort by the time they were made (RFC 9562, version 7). */
function timeOrdered(): string {
  return v7().replaceAll('-', '');
}

export const newExperimentId = (): string => `exp_${timeOrdered()}`;
export const newDatasetId = (): string => `ds_${timeOrdered()}`;
export const newModelId = (): string => `mdl_${timeOrdered()}`;
export const newVerificationId = (): string => `ver_${timeOrdered()}`;
/** Of a workflow that makes predictions; nothing is stored under it. */
export const newPredictionId = (): string => `pred_${timeOrdered()}`;
/** Of a workflow that audits an experiment; nothing is stored under it. */
export const newAuditId = (): string => `audit_${timeOrdered()}`;

/** A snapshot is named by its content: the same rows prepared the same way are one snapshot. */
export function snapshotIdOf(sha256: string): string {
  return `snap_${hexadecimal(sha256).slice(0, 32)}`;
}
