// The characters by which byte-level vocabularies write bytes, so that no token holds a space or a control character.

/** Bytes that are written as the character of their own number: visible ASCII and Latin-1. */
const visible: readonly (readonly [first: number, last: number])[] = [
  [0x21, 0x7e],
  [0xa1, 0xac],
  [0xae, 0xff],
];
/** The others are written as the characters from here on, in their order. */
const firstSubstitute = 0x100;

/** The character of each byte, 0 to 255, as GPT-2 and RoBERTa write it (Radford et al. 2019 and its published code). */
export const byteCharacters: readonly string[] = charactersOfBytes();

function charactersOfBytes(): string[] {
  let substitutes = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    if (visible.some(([first, last]) => byte >= first && byte <= last)) return String.fromCharCode(byte);
    substitutes += 1;
    return String.fromCharCode(firstSubstitute + substitutes - 1);
  });
}
