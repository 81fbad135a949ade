import { expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { connectionOptions } from '../../src/temporal/connection.ts';

it('a certificate that cannot be read is refused by the name of its variable', async () => {
  const { temporal } = readConfig({
    TEMPORAL_TLS_CERT: import.meta.filename,
    TEMPORAL_TLS_KEY: '/nowhere/key.pem',
  });
  await expect(connectionOptions(temporal)).rejects.toMatchObject({
    code: 'configuration_invalid',
    message: expect.stringMatching(
      /^TEMPORAL_TLS_KEY cannot be read: ENOENT.*\/nowhere\/key\.pem/u,
    ) as string,
  });
});
