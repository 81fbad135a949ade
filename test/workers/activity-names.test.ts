import { describe, expect, it } from 'vitest';
import { activityNames } from '../../src/experiment/name.ts';
import { createLogger } from '../../src/log.ts';
import { createAuditActivities } from '../../workers/activities/audit-histories.ts';
import { createCoordinatorActivities } from '../../workers/activities/coordinator-activities.ts';
import type { ActivityDependencies } from '../../workers/attempt/dependencies.ts';
import { createEvaluateActivities } from '../../workers/activities/evaluate-bert.ts';
import { createTrainingActivities } from '../../workers/activities/fine-tune-bert.ts';
import { openPredictions } from '../../workers/activities/predict.ts';
import { createSnapshotActivities } from '../../workers/activities/snapshot-dataset.ts';
import {
  createVerdictActivities,
  createVerifyingActivities,
} from '../../workers/activities/verify-activities.ts';
import { HistoryReplayer } from '../../workers/replay/history-replayer.ts';

// Nothing is called: only names are looked at.
const dependencies = { log: createLogger('test', 'silent'), repositories: {} } as ActivityDependencies;

describe('the activities of each pool', () => {
  it('are exactly those that workflows know by name', () => {
    const coordinator = {
      ...createCoordinatorActivities(dependencies),
      ...createAuditActivities(dependencies, new HistoryReplayer({ code: '' })),
      ...createVerdictActivities(dependencies),
    };
    expect(Object.keys(coordinator)).toEqual([...activityNames.coordinator]);
    const training = {
      ...createTrainingActivities(dependencies),
      ...createVerifyingActivities(dependencies),
    };
    expect(Object.keys(training)).toEqual([...activityNames.training]);
    const evaluation = {
      ...createSnapshotActivities(dependencies),
      ...createEvaluateActivities(dependencies),
      ...openPredictions(dependencies).activities,
    };
    expect(Object.keys(evaluation)).toEqual([...activityNames.evaluation]);
  });
});
