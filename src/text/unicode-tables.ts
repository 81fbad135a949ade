// Sets of characters as Hugging Face's tokenizers have them. Their tables of Unicode stand still (for BERT at version 8, for
// byte-level words at 16) while Node's move with its releases: ids must not. Each difference was found by asking both about
// every character; what a table does not know yet is nothing special to it.

/** Control, format, private-use and surrogate characters and U+FFFD. */
export const removedCharacters = without(
  '\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\uFFFD',
  '890-891 8e2 110cd 13430-1343f',
);

/** Marks that are taken off letters. */
export const accents = without(
  `\\p{Mn}${ranges('1734 1171e')}`,
  `7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1aff 1df6-1dfb a82c a8c5 a8ff a9bd
   10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2 111c9 111cf 1123e 11241
   1133b 113bb-113c0 113ce 113d0 113d2 113e1-113e2 11438-1143f 11442-11444 11446 1145e 1182f-1183a 1193b-1193c 1193e 11943
   119d4-119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99 11b60-11b66 11c30-11c3f 11c92-11cb6
   11d31-11d47 11d90-11d97 11ef3-11ef4 11f00-11f01 11f36-11f42 11f5a 13440 13447-13455 1611e-1612f 16f4f 16fe4
   1cf00-1cf46 1e000-1e02a 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3-1e6f5 1e944-1e94a`,
);

/** Signs that are words of their own. */
export const punctuation = without(
  `\\p{P}$+<=>^\`\\|~${ranges('166d 111c9')}`,
  `61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e5d 10d6e 10ead 10ed0 10f55-10f59 10f86-10f89 113d4-113d8 1144b-1145d
   11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46 11a9a-11aa2 11b00-11b09 11be1 11c41-11c45 11c70-11c71
   11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f 16e97-16e9a 16fe2 1e5ff 1e95e-1e95f`,
);

/** Characters that are taken apart into a letter and its marks, or would be if they had any. */
export const decomposable = without(
  '\\u{0}-\\u{10FFFF}',
  '105c9 105e4 11383-11385 1138e 11391 113c5-113c8 11938 16121-16128 16d68-16d6a',
);

export const letters = without(
  '\\p{L}',
  `88f c5c cdc a7ce-a7cf a7d2 a7d4 a7f1 10940-10959 10ec5-10ec7 11db0-11ddb 16ea0-16ed3 16ff2-16ff3 187f8-187ff 18d09-18d1e 18d80-18df2
   1e6c0-1e6ff 2b73a-2b73f 2cea2-2cead 323b0-33479`,
);

export const numbers = without('\\p{N}', '11de0-11de9 16ff4-16ff6');

/** The class of the one characters less the others, for expressions with the flag `v`. */
function without(characters: string, later: string): string {
  return `[[${characters}]--[${ranges(later)}]]`;
}

/** Ranges of code points in hexadecimal, as a part of a class. */
function ranges(list: string): string {
  return list.replaceAll(/[0-9a-f]+/g, '\\u{$&}').replaceAll(/\s/g, '');
}
