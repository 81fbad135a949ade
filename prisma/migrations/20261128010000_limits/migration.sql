-- What was submitted before there were limits has none.
UPDATE "experiment" SET "spec" = "spec" || '{"limits": {"durationSeconds": null}}' WHERE NOT "spec" ? 'limits';
