// The header block of one file in a tar.

export const tarBlockBytes = 512;
/** What eleven octal digits can say. */
const largestFileBytes = 8 ** 11 - 1;

/**
 * A header block in the ustar format (POSIX.1-1988) of an ordinary file: mode 0644, no owner, time 0.
 *
 * @param name at most 100 bytes of ASCII.
 */
export function tarHeader(name: string, sizeBytes: number): Buffer {
  if (sizeBytes > largestFileBytes || name.length > 100)
    throw new RangeError('The file does not fit a ustar header.');
  const block = Buffer.alloc(tarBlockBytes);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  block.write(name, 0, 'ascii');
  block.write(octal(0o644, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(sizeBytes, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(' '.repeat(8), 148); // The checksum counts its own field as spaces.
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  block.write(`${octal(checksum, 6)} `, 148);
  return block;
}
