// Where the time went: GET /experiments/{id}/waste, and GET /waste by day and cause.
import { CodedError } from '../../error.ts';
import { defaultProject } from '../../experiment/id.ts';
import { notFound } from '../../experiment/not-found.ts';
import { portionsOf } from '../../waste/portions.ts';
import { millisecondsADay, shareOf, WasteByDay, wasteOf, type DayOfWaste } from '../../waste/sums.ts';
import type { App, RouteContext } from '../dependencies.ts';
import { answer, idParameter, problems } from '../schemas/answer.ts';
import * as schemas from '../schemas/waste.ts';

const standardDays = 30;
const mostDays = 366;
/** PostgreSQL knows no year 0. */
const earliestDay = Date.parse('0001-01-01');

/** @throws CodedError, in the handlers: `not_found`; `invalid_request` for a range of too many days, or of none. */
export function wasteRoutes(app: App, { repositories }: RouteContext): void {
  const { waste } = repositories;
  app.get(
    '/experiments/:id/waste',
    {
      schema: {
        operationId: 'getExperimentWaste',
        summary: 'Where the time of the experiment went, and what caused what brought nothing',
        tags: ['Results'],
        params: idParameter,
        response: {
          200: answer('Seconds from the creation to the end, or until now.', schemas.wasteSchema),
          ...problems,
        },
      },
    },
    async (request) => {
      const { id: experimentId } = request.params;
      const times = await waste.timesOf({ projectId: defaultProject, experimentId });
      if (times === undefined) throw notFound('experiment', experimentId);
      return wasteOf(portionsOf(times, new Date()));
    },
  );

  app.get(
    '/waste',
    {
      schema: {
        operationId: 'getWaste',
        summary: 'The time of all experiments that was not spent in steps that counted, by day and cause',
        tags: ['Results'],
        querystring: schemas.wasteQuery,
        response: { 200: answer('By day, in UTC.', schemas.wasteByDaySchema), ...problems },
      },
    },
    async (request) => {
      const now = new Date();
      const range = rangeOf(request.query, now);
      const sums = new WasteByDay(range);
      const { from, to } = range;
      for await (const times of waste.timesBetween(defaultProject, {
        from: new Date(from),
        to: new Date(to),
      }))
        for (const portion of portionsOf(times, now)) sums.add(portion);
      const days = sums.days();
      return { items: days.flatMap(itemsOf), days: days.map(dayBody) };
    },
  );
}

/** Whole days, in milliseconds since 1970. */
function rangeOf(
  { from, to }: { readonly from?: string; readonly to?: string },
  now: Date,
): { readonly from: number; readonly to: number } {
  const lastDay = Date.parse(to ?? now.toISOString().slice(0, 10));
  const firstDay = from === undefined ? lastDay - (standardDays - 1) * millisecondsADay : Date.parse(from);
  const days = (lastDay - firstDay) / millisecondsADay + 1;
  if (!(days >= 1 && days <= mostDays && firstDay >= earliestDay))
    throw new CodedError('invalid_request', 'The query is not valid.', {
      problems: [
        {
          path: '/from',
          message: `must be a day up to \`to\`, and at most ${mostDays} days in all, from the year 1 on`,
        },
      ],
    });
  return { from: firstDay, to: lastDay + millisecondsADay };
}

function itemsOf({ day, causes }: DayOfWaste) {
  return [...causes].map(([cause, seconds]) => ({ day, cause, seconds }));
}

function dayBody({ day, usefulSeconds, causes }: DayOfWaste) {
  const wastedSeconds = [...causes.values()].reduce((total, seconds) => total + seconds, 0);
  return { day, usefulSeconds, wastedSeconds, usefulShare: shareOf(usefulSeconds, wastedSeconds) };
}
