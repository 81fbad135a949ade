// Identifiers. Each carries its kind, so that one can never be passed where another is meant.
import { v7 } from 'uuid';

export type ProjectId = string & { readonly __kind: 'project' };
export type ExperimentId = `exp_${string}`;
export type DatasetId = `ds_${string}`;
export type ModelId = `mdl_${string}`;
export type PredictionId = `pred_${string}`;
export type VerificationId = `ver_${string}`;
export type AuditId = `audit_${string}`;
export type SnapshotId = `snap_${string}`;

/** The one project there is until access keys exist. */
export const defaultProject = 'default' as ProjectId;

/** 32 lower-case hexadecimal digits that sort by the time they were made (RFC 9562, version 7). */
function timeOrdered(): string {
  return v7().replaceAll('-', '');
}

export const newExperimentId = (): ExperimentId => `exp_${timeOrdered()}`;
export const newDatasetId = (): DatasetId => `ds_${timeOrdered()}`;
/** Of a workflow that makes predictions; nothing is stored under it. */
export const newPredictionId = (): PredictionId => `pred_${timeOrdered()}`;
/** Of a workflow that audits an experiment; nothing is stored under it. */
export const newAuditId = (): AuditId => `audit_${timeOrdered()}`;
export const newVerificationId = (): VerificationId => `ver_${timeOrdered()}`;
export const newModelId = (): ModelId => `mdl_${timeOrdered()}`;

/** A snapshot is named by its content: the same rows prepared the same way are one snapshot. */
export function snapshotIdOf(sha256: string): SnapshotId {
  return `snap_${sha256.replace('sha256:', '').slice(0, 32)}`;
}
